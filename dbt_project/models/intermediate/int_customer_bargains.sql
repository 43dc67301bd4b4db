{#-
    A price is reduced for `reduced_price_days` after it was lowered, as was
    known before the order; whoever paid the old price all the same paid it.
-#}
{{ config(meta={'changes': 'int_changed_buyers'}) }}

{%- set changes = ref('int_changed_buyers') %}

with orders as (

    select *
    from {{ affected(ref('int_orders'), 'customer_id', changes) }}
    where is_identified and is_net

),

placed_orders as (

    select *
    from {{ affected(ref('int_placed_orders'), 'customer_id', changes) }}

),

lines as (

    select *
    from {{ affected(ref('int_order_lines'), 'customer_id', changes) }}

),

price_drops as (

    select *
    from {{ ref('int_product_changes') }}
    where is_price_drop

),

reduced_lines as (

    select distinct
        lines.customer_id,
        lines.event_id,
        lines.order_line_id,
        lines.price_amount * (lines.quantity - lines.returned_quantity)
            as reduced_amount
    from lines
    inner join price_drops
        on lines.product_id = price_drops.product_id
            and lines.currency_code = price_drops.currency_code
            and lines.price_amount < price_drops.previous_price_amount
            and lines.ordered_at > price_drops.valid_from
            and lines.known_at > price_drops.valid_from
            and lines.ordered_at < {{ dbt.dateadd(
                'day', var('reduced_price_days'), 'price_drops.valid_from'
            ) }}

),

reduced_orders as (

    select
        customer_id,
        event_id,
        sum(reduced_amount) as reduced_amount
    from reduced_lines
    group by customer_id, event_id

),

valued as (

    select
        orders.customer_id,
        orders.net_amount,
        case
            when
                placed_orders.coupon_code is not null
                or placed_orders.discount_amount > 0
                then orders.net_amount
            when reduced_orders.reduced_amount > 0
                then least(reduced_orders.reduced_amount, orders.net_amount)
            else 0
        end as reduced_amount,
        orders.ordered_at,
        orders.known_at
    from orders
    inner join placed_orders on orders.event_id = placed_orders.event_id
    left join reduced_orders
        on orders.customer_id = reduced_orders.customer_id
            and orders.event_id = reduced_orders.event_id

),

bargains as (

    select
        customer_id,
        count(*) as order_count,
        count(
            case when reduced_amount > 0 then 1 end
        ) as reduced_order_count,
        {{ amount('sum(net_amount)') }} as net_amount,
        {{ amount('sum(reduced_amount)') }} as reduced_amount,
        max(ordered_at) as last_ordered_at,
        max(known_at) as known_at
    from valued
    group by customer_id

)

select * from bargains
