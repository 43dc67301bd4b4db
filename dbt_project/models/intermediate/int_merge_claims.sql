{{
    config(
        unique_key='customer_id',
        meta={'changes': 'stg_activation__customer_changes'},
    )
}}

{%- set customer_changes = ref('stg_activation__customer_changes') %}

{#- A deletion takes nothing back: shops delete the profile they merged. -#}
with changes as (

    select *
    from {{ affected(
        customer_changes, 'customer_id', customer_changes
    ) }}
    where not is_deleted

),

numbered as (

    select
        customer_id,
        merged_into_id,
        known_at,
        row_number() over (
            partition by customer_id
            order by
                changed_at desc, known_at desc, load_id desc,
                coalesce(merged_into_id, '')
        ) as recency
    from changes

),

claims as (

    select
        customer_id,
        merged_into_id,
        min(recency) = 1 as is_current,
        min(known_at) as known_at
    from numbered
    where merged_into_id is not null
    group by customer_id, merged_into_id

)

select * from claims
