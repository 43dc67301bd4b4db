{#- A view: decisions read it after the ledger was copied once more. -#}
{{ config(materialized='view') }}

with changes as (

    select * from {{ ref('stg_engine__suppressions') }}

),

{#- The ledger writes `all` for every channel or brand, the joins read null. -#}
scoped as (

    select
        contact_point,
        nullif(channel, 'all') as channel,
        nullif(brand, 'all') as brand,
        purpose,
        reason,
        sequence,
        is_lifted,
        changed_at,
        copied_at
    from changes

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_point, channel, brand, purpose
            order by sequence desc, copied_at desc
        ) as recency
    from scoped

),

in_force as (

    select
        contact_point,
        channel,
        brand,
        purpose,
        reason,
        changed_at
    from numbered
    where recency = 1 and not is_lifted

)

select * from in_force
