{#-
    Two counts of one habit. What a customer is worth rests on net orders. How
    often one comes back rests on days of purchase: two orders of one day are
    one visit to the till, and what cost nothing was bought all the same.
-#}
with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

reversals as (

    select distinct order_id
    from {{ ref('int_order_reversals') }}
    where {{ is_needed() }}

),

purchases as (

    select
        orders.*,
        cast(orders.ordered_at as date) as ordered_date,
        row_number() over (
            partition by orders.customer_id
            order by
                case when orders.is_net then 0 else 1 end,
                orders.ordered_at,
                orders.order_id
        ) as order_number
    from orders
    left join reversals on orders.order_id = reversals.order_id
    where
        orders.is_net
        or (orders.gross_amount = 0 and reversals.order_id is null)

),

purchase_days as (

    select distinct
        customer_id,
        ordered_date
    from purchases

),

gaps as (

    select
        customer_id,
        {{ dbt.datediff(
            'lag(ordered_date) over (partition by customer_id '
            ~ 'order by ordered_date)', 'ordered_date', 'day'
        ) }} as gap_days
    from purchase_days

),

habits as (

    select
        customer_id,
        count(*) as purchase_day_count,
        count(gap_days) as repeat_day_count,
        {{ median('gap_days') }} as median_gap_days
    from gaps
    group by customer_id

),

values_of_orders as (

    select
        customer_id,
        max(
            case when is_net and order_number = 1 then order_id end
        ) as first_order_id,
        count(case when is_net then 1 end) as order_count,
        {{ amount('coalesce(sum(case when is_net then net_amount end), 0)') }}
            as net_amount,
        min(case when is_net then ordered_at end) as first_ordered_at,
        max(case when is_net then ordered_at end) as last_ordered_at,
        min(ordered_at) as first_purchased_at,
        max(ordered_at) as last_purchased_at,
        max(known_at) as known_at
    from purchases
    group by customer_id

),

cadences as (

    select
        values_of_orders.customer_id,
        values_of_orders.first_order_id,
        values_of_orders.order_count,
        values_of_orders.net_amount,
        habits.purchase_day_count,
        habits.repeat_day_count,
        {{ dbt.datediff(
            'values_of_orders.first_purchased_at',
            'values_of_orders.last_purchased_at',
            'day',
        ) }} as age_at_last_purchase_days,
        habits.median_gap_days,
        values_of_orders.first_ordered_at,
        values_of_orders.last_ordered_at,
        values_of_orders.first_purchased_at,
        values_of_orders.last_purchased_at,
        values_of_orders.known_at
    from values_of_orders
    inner join habits on values_of_orders.customer_id = habits.customer_id

)

select * from cadences
