with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

order_lines as (

    select *
    from {{ affected(ref('int_order_lines')) }}

),

items as (

    select
        customer_id,
        event_id,
        {{ json_array_agg(json_object({
            'product_id': 'product_id',
            'name': 'product_name',
            'price': json_real('price_amount'),
            'quantity': 'quantity',
        }), 'order_line_id') }} as items
    from order_lines
    group by customer_id, event_id

),

confirmed as (

    select
        orders.customer_id,
        orders.event_id as occurrence_key,
        orders.event_id as series_key,
        orders.order_id,
        orders.currency_code,
        coalesce(items.items, '[]') as items,
        1 as step,
        orders.gross_amount,
        orders.ordered_at as occurred_at,
        greatest(orders.ordered_at, orders.known_at) as eligible_at,
        {{ dbt.dateadd(
            'day', var('order_confirmation_lifetime_days'), 'orders.ordered_at'
        ) }} as expires_at,
        cast(null as {{ dbt.type_timestamp() }}) as cancelled_at
    from orders
    left join items
        on orders.customer_id = items.customer_id
            and orders.event_id = items.event_id

),

occurrences as (

    select
        customer_id,
        occurrence_key,
        series_key,
        step,
        occurred_at,
        eligible_at,
        expires_at,
        cancelled_at,
        {{ occurrence_context({
            'order_id': 'order_id',
            'items': json_document('items'),
            'amount': json_real('gross_amount'),
            'currency_code': 'currency_code',
        }) }} as context
    from confirmed

)

select *
from occurrences
where {{ is_occurrence() }}
