with orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

reversals as (

    select * from {{ ref('int_order_reversals') }}

),

returns as (

    select * from {{ affected(ref('int_order_returns')) }}

),

reversed as (

    select
        orders.order_id,
        orders.customer_id,
        orders.gross_amount,
        reversals.is_cancellation,
        reversals.event_id,
        coalesce(reversals.refunded_amount, orders.gross_amount)
            as refunded_amount,
        greatest(orders.known_at, reversals.known_at) as known_at
    from orders
    inner join reversals on orders.order_id = reversals.order_id
    union all
    select
        orders.order_id,
        orders.customer_id,
        orders.gross_amount,
        false as is_cancellation,
        returns.event_id,
        returns.returned_amount as refunded_amount,
        greatest(orders.known_at, returns.known_at) as known_at
    from orders
    inner join returns
        on orders.order_id = returns.order_id
            and orders.customer_id = returns.customer_id

),

accumulated as (

    select
        *,
        sum(
            case when is_cancellation then gross_amount else refunded_amount end
        ) over (
            partition by customer_id, order_id
            order by known_at, event_id
            rows between unbounded preceding and current row
        ) as reversed_amount
    from reversed

),

totals as (

    select
        order_id,
        customer_id,
        sum(
            case when is_cancellation then 0 else refunded_amount end
        ) as refunded_amount,
        max(case when is_cancellation then 1 else 0 end) = 1 as is_cancelled,
        min(
            case when reversed_amount >= gross_amount then known_at end
        ) as voided_known_at
    from accumulated
    group by order_id, customer_id

),

net_orders as (

    select
        orders.order_id,
        orders.event_id,
        orders.customer_id,
        orders.user_id,
        orders.cart_id,
        orders.checkout_id,
        orders.currency_code,
        orders.gross_amount,
        {{ amount('coalesce(totals.refunded_amount, 0)') }}
            as refunded_amount,
        {{ amount(
            'case when totals.is_cancelled then 0 else greatest('
            ~ 'orders.gross_amount - coalesce(totals.refunded_amount, 0), 0'
            ~ ') end'
        ) }} as net_amount,
        orders.is_identified,
        orders.gross_amount > 0
        and totals.voided_known_at is null as is_net,
        orders.ordered_at,
        orders.known_at,
        case
            when orders.gross_amount <= 0 then orders.known_at
            else totals.voided_known_at
        end as voided_known_at
    from orders
    left join totals
        on orders.order_id = totals.order_id
            and orders.customer_id = totals.customer_id

)

select * from net_orders
