with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified and is_net

),

placed_orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

bargains as (

    select
        orders.customer_id,
        count(*) as order_count,
        count(
            case
                when
                    placed_orders.coupon_code is not null
                    or placed_orders.discount_amount > 0 then 1
            end
        ) as reduced_order_count,
        {{ amount('sum(orders.net_amount)') }} as net_amount,
        {{ amount(
            'sum(case when placed_orders.coupon_code is not null '
            ~ 'or placed_orders.discount_amount > 0 '
            ~ 'then orders.net_amount else 0 end)'
        ) }} as reduced_amount,
        max(orders.ordered_at) as last_ordered_at,
        max(orders.known_at) as known_at
    from orders
    inner join placed_orders on orders.event_id = placed_orders.event_id
    group by orders.customer_id

)

select * from bargains
