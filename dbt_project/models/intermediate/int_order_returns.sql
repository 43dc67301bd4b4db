{#-
    Per customer and product the pieces bought lie on a pile, the latest on top:
    an order puts its pieces on it, a refund that names no order takes as many
    from the top; what it cannot find it does not take. Each refund sees the
    pile as it was known with it, so that nothing known later changes what it
    took. An order that a refund names counts as none while it is not known.
-#}
with named_refunds as (

    select
        event_id,
        customer_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        {{ json_array('properties', 'products') }} as products,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where event_name = 'Order Refunded'

),

orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

{#- Few orders are named by the refunds concerned, of all that there are. -#}
known_orders as (

    select
        order_id,
        min(known_at) as known_at
    from {{ ref('int_order_references') }}
    where
        event_name = 'Order Completed'
        and {{ is_needed() }}
        and order_id in (select named.order_id from named_refunds as named)
    group by order_id

),

refunds as (

    select
        named_refunds.event_id,
        named_refunds.customer_id,
        named_refunds.products,
        named_refunds.occurred_at,
        named_refunds.known_at
    from named_refunds
    left join known_orders
        on named_refunds.order_id = known_orders.order_id
            and named_refunds.known_at >= known_orders.known_at
    where known_orders.order_id is null

),

moves as (

    select
        refunds.event_id,
        refunds.customer_id,
        cast(null as {{ dbt.type_string() }}) as order_id,
        {{ json_text('lines.element', 'product_id') }} as product_id,
        lines.position,
        -abs(coalesce({{ json_integer('lines.element', 'quantity') }}, 1))
            as quantity,
        {{ amount('0') }} as price_amount,
        0 as is_purchase,
        refunds.occurred_at,
        refunds.known_at
    from refunds
    cross join {{ json_elements('refunds.products') }} as lines
    union all
    select
        orders.event_id,
        orders.customer_id,
        orders.order_id,
        {{ json_text('lines.element', 'product_id') }} as product_id,
        lines.position,
        greatest(
            coalesce({{ json_integer('lines.element', 'quantity') }}, 1), 0
        ) as quantity,
        {{ amount(
            'coalesce(' ~ json_number('lines.element', 'price') ~ ', 0)'
        ) }} as price_amount,
        1 as is_purchase,
        orders.ordered_at as occurred_at,
        orders.known_at
    from orders
    cross join {{ json_elements('orders.products') }} as lines
    where orders.customer_id in (select refunds.customer_id from refunds)

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id, product_id
            order by occurred_at, is_purchase, event_id, position
        ) as move_number
    from moves

),

seen as (

    select
        refunds.event_id as refund_id,
        refunds.move_number as refund_number,
        -refunds.quantity as refund_quantity,
        refunds.known_at as refund_known_at,
        moves.*,
        {{ whole(
            'sum(moves.quantity) over (partition by refunds.customer_id, '
            ~ 'refunds.product_id, refunds.move_number '
            ~ 'order by moves.move_number)'
        ) }} as balance
    from numbered as refunds
    inner join numbered as moves
        on refunds.customer_id = moves.customer_id
            and refunds.product_id = moves.product_id
            and refunds.move_number > moves.move_number
            and refunds.known_at >= moves.known_at
    where refunds.is_purchase = 0

),

piled as (

    select
        *,
        balance - least(0, min(balance) over (
            partition by customer_id, product_id, refund_number
            order by move_number
        )) as height
    from seen

),

remaining as (

    select
        *,
        greatest(quantity - height + min(height) over (
            partition by customer_id, product_id, refund_number
            order by move_number desc
        ), 0) as remaining_quantity
    from piled

),

topped as (

    select
        *,
        {{ whole(
            'sum(remaining_quantity) over (partition by customer_id, '
            ~ 'product_id, refund_number order by move_number desc)'
        ) }} - remaining_quantity as quantity_above
    from remaining
    where is_purchase = 1

),

taken as (

    select
        *,
        least(remaining_quantity, refund_quantity - quantity_above)
            as returned_quantity
    from topped

),

returns as (

    select
        refund_id as event_id,
        customer_id,
        order_id,
        order_id || ':' || cast(
            position as {{ dbt.type_string() }}
        ) as order_line_id,
        {{ whole('sum(returned_quantity)') }} as returned_quantity,
        {{ amount('sum(returned_quantity * price_amount)') }}
            as returned_amount,
        max(refund_known_at) as known_at
    from taken
    where returned_quantity > 0
    group by refund_id, customer_id, order_id, position

)

select * from returns
