with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where event_name = 'Order Completed'

),

orders as (

    select * from {{ affected(ref('int_orders')) }}

),

products as (

    select
        event_id,
        {{ json_array('properties', 'products') }} as products
    from events

),

lines as (

    select
        orders.order_id || ':' || cast(
            lines.position as {{ dbt.type_string() }}
        ) as order_line_id,
        orders.order_id,
        orders.event_id,
        orders.customer_id,
        orders.user_id,
        {{ json_text('lines.element', 'product_id') }} as product_id,
        {{ json_text('lines.element', 'name') }} as product_name,
        {{ json_text('lines.element', 'category') }} as category,
        orders.currency_code,
        coalesce({{ json_integer('lines.element', 'quantity') }}, 1)
            as quantity,
        {{ amount(
            'coalesce(' ~ json_number('lines.element', 'price') ~ ', 0)'
        ) }} as price_amount,
        orders.ordered_at,
        orders.known_at,
        orders.voided_known_at
    from orders
    inner join products on orders.event_id = products.event_id
    cross join {{ json_elements('products.products') }} as lines

),

priced as (

    select
        order_line_id,
        order_id,
        event_id,
        customer_id,
        user_id,
        product_id,
        product_name,
        category,
        currency_code,
        quantity,
        price_amount,
        {{ amount('price_amount * quantity') }} as line_amount,
        ordered_at,
        known_at,
        voided_known_at
    from lines

)

select * from priced
