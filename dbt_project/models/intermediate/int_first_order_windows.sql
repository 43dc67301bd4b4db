{#- The product's habit changes with the months, for all who bought it. -#}
{{ config(meta={'follows_months': true}) }}

{%- set least_seconds = var('win_back_minimum_days') * 86400 -%}
{%- set factor = var('win_back_gap_factor') %}

with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

favourites as (

    select * from {{ affected(ref('int_order_favourites')) }}

),

intervals as (

    select
        product_id,
        median_gap_days,
        valid_from,
        {#- Until the next month is known, the present one's holds. #}
        case
            when valid_to > {{ as_of() }} then {{ far_future() }}
            else valid_to
        end as valid_to
    from {{ ref('int_product_intervals') }}

),

numbered as (

    select
        customer_id,
        event_id,
        ordered_at,
        row_number() over (
            partition by customer_id
            order by ordered_at, event_id
        ) as order_number
    from orders

),

first_orders as (

    select
        numbered.customer_id,
        numbered.event_id,
        favourites.product_id,
        numbered.ordered_at,
        {{ dbt.dateadd('second', least_seconds, 'numbered.ordered_at') }}
            as least_due_at,
        {{ dbt.dateadd(
            'day', var('win_back_lifetime_days'), 'numbered.ordered_at'
        ) }} as lapses_at
    from numbered
    left join favourites on numbered.event_id = favourites.event_id
    where numbered.order_number = 1

),

vintages as (

    select
        first_orders.event_id,
        first_orders.least_due_at,
        {{ dbt.dateadd(
            'second',
            'floor(' ~ factor ~ ' * 86400 * intervals.median_gap_days)',
            'first_orders.ordered_at',
        ) }} as product_due_at,
        intervals.valid_from,
        intervals.valid_to,
        lag(intervals.valid_to) over (
            partition by first_orders.event_id
            order by intervals.valid_from
        ) as previous_valid_to
    from first_orders
    inner join intervals
        on first_orders.product_id = intervals.product_id
            and first_orders.least_due_at < intervals.valid_to
            and first_orders.lapses_at > intervals.valid_from

),

{#- The default holds wherever no vintage does. -#}
defaults as (

    select
        event_id,
        coalesce(previous_valid_to, least_due_at) as valid_from,
        valid_from as valid_to
    from vintages
    where valid_from > coalesce(previous_valid_to, least_due_at)
    union all
    select
        first_orders.event_id,
        coalesce(max(vintages.valid_to), first_orders.least_due_at)
            as valid_from,
        {{ far_future() }} as valid_to
    from first_orders
    left join vintages on first_orders.event_id = vintages.event_id
    group by first_orders.event_id, first_orders.least_due_at

),

crossings as (

    select
        event_id,
        greatest(least_due_at, product_due_at, valid_from) as due_at,
        valid_to
    from vintages
    union all
    select
        event_id,
        valid_from as due_at,
        valid_to
    from defaults

),

windows as (

    select
        first_orders.customer_id,
        first_orders.event_id,
        min(crossings.due_at) as due_at
    from first_orders
    inner join crossings on first_orders.event_id = crossings.event_id
    where crossings.due_at < crossings.valid_to
    group by first_orders.customer_id, first_orders.event_id

)

select * from windows
