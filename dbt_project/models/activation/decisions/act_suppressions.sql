with changes as (

    select * from {{ ref('stg_engine__suppressions') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_point, channel, brand, purpose
            order by sequence desc, copied_at desc
        ) as recency
    from changes

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
