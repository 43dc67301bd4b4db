with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where is_identified

),

customer_changes as (

    select * from {{ affected(ref('stg_activation__customer_changes')) }}

),

contact_point_changes as (

    select * from {{ affected(ref('stg_activation__contact_point_changes')) }}

),

mentions as (

    select
        customer_id,
        known_at
    from events
    union all
    select
        customer_id,
        known_at
    from customer_changes
    union all
    select
        customer_id,
        known_at
    from contact_point_changes

),

units as (

    select
        customer_id,
        customer_id as unit_id,
        min(known_at) as known_at
    from mentions
    where customer_id is not null
    group by customer_id

)

select * from units
