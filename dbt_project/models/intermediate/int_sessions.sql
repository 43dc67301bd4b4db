with events as (

    select * from {{ affected(ref('int_events')) }}

),

previous as (

    select
        *,
        lag(occurred_at) over (
            partition by customer_id
            order by occurred_at, event_id
        ) as previous_occurred_at
    from events

),

openings as (

    select
        *,
        case
            when occurred_at <= {{ dbt.dateadd(
                'second', var('session_gap_seconds'), 'previous_occurred_at'
            ) }} then 0
            else 1
        end as is_opening
    from previous

),

numbered as (

    select
        *,
        sum(is_opening) over (
            partition by customer_id
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from openings

),

sessions as (

    select
        max(case when is_opening = 1 then event_id end) as session_id,
        customer_id,
        count(*) as event_count,
        count(
            case when event_name = 'Product Viewed' then 1 end
        ) as product_view_count,
        max(case when is_identified then 1 else 0 end) = 1 as is_identified,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        max(known_at) as known_at
    from numbered
    group by customer_id, session_number

)

select * from sessions
