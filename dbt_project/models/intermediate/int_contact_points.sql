{{
    config(
        unique_key='contact_point_id',
        meta={'changes': 'stg_activation__contact_point_changes'},
    )
}}

with changes as (

    select *
    from {{ affected(
        ref('stg_activation__contact_point_changes'), 'contact_point_id'
    ) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_point_id
            order by
                changed_at desc, known_at desc, load_id desc,
                is_deleted desc, customer_id, address, channel
        ) as recency,
        min(known_at) over (partition by contact_point_id) as first_known_at
    from changes
    where customer_id is not null

),

latest as (

    select
        contact_point_id,
        customer_id,
        channel,
        address,
        {{ contact_point('channel', 'address') }} as contact_point,
        is_primary,
        is_deleted,
        changed_at,
        first_known_at,
        known_at
    from numbered
    where recency = 1

)

select * from latest
