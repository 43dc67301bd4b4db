with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where
        is_identified
        and event_name not in ({{ passive_events() }})

),

orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

{#- Neither an open nor a machine's click says that somebody was there. -#}
clicks as (

    select *
    from {{ affected(ref('int_message_responses')) }}
    where kind = 'clicked' and responder = 'likely_human'

),

places as (

    select
        customer_id,
        day_zone
    from {{ affected(ref('int_customer_places')) }}

),

previous as (

    select
        customer_id,
        occurred_at,
        lag(occurred_at) over (
            partition by customer_id
            order by occurred_at, event_id
        ) as previous_occurred_at
    from events

),

signs as (

    select
        customer_id,
        occurred_at as active_at
    from previous
    where
        previous_occurred_at is null
        or occurred_at > {{ dbt.dateadd(
            'second', var('session_gap_seconds'), 'previous_occurred_at'
        ) }}
    union all
    select
        customer_id,
        ordered_at as active_at
    from orders
    union all
    select
        customer_id,
        occurred_at as active_at
    from clicks

),

local_signs as (

    select
        signs.customer_id,
        {{ local_time('signs.active_at', 'places.day_zone') }} as local_at
    from signs
    inner join places on signs.customer_id = places.customer_id

),

active_hours as (

    select
        customer_id,
        {{ hour_of_week('local_at') }} as hour_of_week,
        count(*) as sign_count,
        cast(local_at as date) as active_on
    from local_signs
    group by
        customer_id, {{ hour_of_week('local_at') }}, cast(local_at as date)

)

select * from active_hours
