{{
    config(
        materialized='incremental',
        incremental_strategy='affected',
        unique_key='customer_id',
    )
}}

with orders as (

    select * from {{ affected(ref('int_orders')) }}

),

lines as (

    select
        customer_id,
        order_id,
        count(distinct product_id) as product_count,
        {{ whole('sum(quantity)') }} as item_count
    from {{ affected(ref('int_order_lines')) }}
    group by customer_id, order_id

),

net_orders as (

    select
        customer_id,
        order_id,
        row_number() over (
            partition by customer_id
            order by ordered_at, order_id
        ) as order_number,
        lag(ordered_at) over (
            partition by customer_id
            order by ordered_at, order_id
        ) as previous_ordered_at
    from orders
    where is_net

),

final as (

    select
        orders.order_id,
        orders.event_id,
        orders.customer_id,
        orders.cart_id,
        orders.checkout_id,
        orders.currency_code,
        net_orders.order_number,
        coalesce(lines.product_count, 0) as product_count,
        coalesce(lines.item_count, 0) as item_count,
        orders.gross_amount,
        orders.refunded_amount,
        orders.net_amount,
        orders.is_identified,
        orders.is_net,
        coalesce(net_orders.order_number = 1, false) as is_first_order,
        net_orders.previous_ordered_at,
        orders.ordered_at,
        orders.known_at,
        orders.voided_known_at
    from orders
    left join lines
        on orders.customer_id = lines.customer_id
            and orders.order_id = lines.order_id
    left join net_orders
        on orders.customer_id = net_orders.customer_id
            and orders.order_id = net_orders.order_id

)

select * from final
