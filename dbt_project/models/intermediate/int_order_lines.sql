with placed_orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

orders as (

    select * from {{ affected(ref('int_orders')) }}

),

returns as (

    select
        customer_id,
        order_line_id,
        {{ whole('sum(returned_quantity)') }} as returned_quantity,
        max(known_at) as known_at
    from {{ affected(ref('int_order_returns')) }}
    group by customer_id, order_line_id

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
    from placed_orders
    inner join orders on placed_orders.event_id = orders.event_id
    cross join {{ json_elements('placed_orders.products') }} as lines

),

priced as (

    select
        lines.order_line_id,
        lines.order_id,
        lines.event_id,
        lines.customer_id,
        lines.user_id,
        lines.product_id,
        lines.product_name,
        lines.category,
        lines.currency_code,
        lines.quantity,
        coalesce(returns.returned_quantity, 0) as returned_quantity,
        lines.price_amount,
        {{ amount('lines.price_amount * lines.quantity') }} as line_amount,
        lines.ordered_at,
        lines.known_at,
        case
            when returns.returned_quantity >= lines.quantity
                then {{ earliest('returns.known_at', 'lines.voided_known_at') }}
            else lines.voided_known_at
        end as voided_known_at
    from lines
    left join returns
        on lines.order_line_id = returns.order_line_id
            and lines.customer_id = returns.customer_id

)

select * from priced
