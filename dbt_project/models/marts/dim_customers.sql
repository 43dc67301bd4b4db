{{
    config(
        materialized='incremental',
        incremental_strategy='affected',
        unique_key='customer_id',
    )
}}

with units as (

    select * from {{ affected(ref('int_units')) }}

),

changes as (

    select * from {{ affected(ref('stg_activation__customer_changes')) }}

),

events as (

    select * from {{ affected(ref('int_events')) }}

),

orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_net

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by
                changed_at desc, known_at desc, load_id desc, is_deleted desc,
                first_name, last_name, locale, country_code, timezone,
                birth_date
        ) as recency
    from changes

),

profiles as (

    select
        *,
        coalesce({{ is_timezone('timezone') }}, false) as is_timezone_known
    from numbered
    where recency = 1

),

signups as (

    select
        customer_id,
        min(occurred_at) as signed_up_at
    from events
    where event_name = 'Signed Up'
    group by customer_id

),

customer_orders as (

    select
        customer_id,
        count(*) as order_count,
        {{ amount('sum(net_amount)') }} as net_amount,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at
    from orders
    group by customer_id

),

final as (

    select
        units.customer_id,
        profiles.first_name,
        profiles.last_name,
        profiles.locale,
        profiles.country_code,
        case
            when profiles.is_timezone_known then profiles.timezone
            else 'UTC'
        end as timezone,
        coalesce(customer_orders.order_count, 0) as order_count,
        coalesce(customer_orders.net_amount, {{ amount(0) }})
            as net_amount,
        coalesce(profiles.is_timezone_known, false) as is_timezone_known,
        coalesce(profiles.is_deleted, false) as is_deleted,
        profiles.birth_date,
        signups.signed_up_at,
        customer_orders.first_order_at,
        customer_orders.last_order_at,
        units.known_at
    from units
    left join profiles on units.customer_id = profiles.customer_id
    left join signups on units.customer_id = signups.customer_id
    left join customer_orders
        on units.customer_id = customer_orders.customer_id

)

select * from final
