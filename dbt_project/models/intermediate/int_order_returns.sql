{#-
    Per customer and product the pieces bought lie on a pile, the latest on top:
    an order puts its pieces on it, a refund that names no order takes as many
    from the top. A refund of more than was bought finds the pile empty.
-#}
with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where event_name = 'Order Refunded'

),

orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

known_orders as (

    select distinct order_id
    from {{ ref('int_placed_orders') }}

),

refunds as (

    select
        events.event_id,
        events.customer_id,
        {{ json_array('events.properties', 'products') }} as products,
        events.occurred_at,
        events.known_at
    from events
    left join known_orders
        on {{ json_text('events.properties', 'order_id') }}
            = known_orders.order_id
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

{#- What rests on a late event is known no earlier than that. -#}
summed as (

    select
        *,
        {{ whole(
            'sum(quantity) over (partition by customer_id, product_id '
            ~ 'order by move_number)'
        ) }} as balance,
        max(known_at) over (
            partition by customer_id, product_id
            order by move_number
        ) as pile_known_at
    from numbered

),

piled as (

    select
        *,
        balance - least(0, min(balance) over (
            partition by customer_id, product_id
            order by move_number
        )) as height
    from summed

),

lowered as (

    select
        refunds.event_id,
        purchases.customer_id,
        purchases.order_id,
        purchases.position,
        refunds.move_number,
        purchases.quantity,
        purchases.price_amount,
        purchases.height - min(refunds.height) over (
            partition by
                purchases.customer_id,
                purchases.product_id,
                purchases.move_number
            order by refunds.move_number
        ) as lowered_quantity,
        refunds.pile_known_at as known_at
    from piled as purchases
    inner join piled as refunds
        on purchases.customer_id = refunds.customer_id
            and purchases.product_id = refunds.product_id
            and purchases.move_number < refunds.move_number
    where purchases.is_purchase = 1 and refunds.is_purchase = 0

),

accumulated as (

    select
        *,
        least(greatest(lowered_quantity, 0), quantity) as taken_quantity
    from lowered

),

differences as (

    select
        *,
        taken_quantity - coalesce(lag(taken_quantity) over (
            partition by customer_id, order_id, position
            order by move_number
        ), 0) as returned_quantity
    from accumulated

),

returns as (

    select
        event_id,
        customer_id,
        order_id,
        order_id || ':' || cast(
            position as {{ dbt.type_string() }}
        ) as order_line_id,
        {{ whole('sum(returned_quantity)') }} as returned_quantity,
        {{ amount('sum(returned_quantity * price_amount)') }}
            as returned_amount,
        max(known_at) as known_at
    from differences
    where returned_quantity > 0
    group by event_id, customer_id, order_id, position

)

select * from returns
