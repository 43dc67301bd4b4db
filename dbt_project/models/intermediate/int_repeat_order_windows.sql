{%- set least_seconds = var('win_back_minimum_days') * 86400 -%}
{%- set factor = var('win_back_gap_factor') %}

with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

numbered as (

    select
        customer_id,
        event_id,
        ordered_at,
        row_number() over (
            partition by customer_id
            order by ordered_at, event_id
        ) as order_number,
        {{ dbt.datediff(
            'lag(ordered_at) over (partition by customer_id '
            ~ 'order by ordered_at, event_id)', 'ordered_at', 'second'
        ) }} as gap_seconds
    from orders

),

ranked_gaps as (

    select
        numbered.customer_id,
        numbered.event_id,
        numbered.ordered_at,
        gaps.gap_seconds,
        row_number() over (
            partition by numbered.event_id
            order by gaps.gap_seconds
        ) as gap_rank,
        count(*) over (partition by numbered.event_id) as gap_count
    from numbered
    inner join numbered as gaps
        on numbered.customer_id = gaps.customer_id
            and numbered.order_number >= gaps.order_number
    where gaps.gap_seconds is not null

),

windows as (

    select
        customer_id,
        event_id,
        {{ dbt.dateadd(
            'second',
            'greatest(' ~ least_seconds ~ ', floor(' ~ factor
            ~ ' * avg(gap_seconds)))',
            'ordered_at',
        ) }} as due_at
    from ranked_gaps
    where 2 * gap_rank between gap_count and gap_count + 2
    group by customer_id, event_id, ordered_at

)

select * from windows
