with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where event_name = 'Order Completed'

),

order_events as (

    select
        *,
        {{ json_text('properties', 'order_id') }} as order_id,
        row_number() over (
            partition by
                customer_id,
                {{ json_text('properties', 'order_id') }}
            order by known_at, occurred_at, event_id
        ) as order_event_number
    from events

),

orders as (

    select
        order_id,
        event_id,
        customer_id,
        user_id,
        {{ json_text('properties', 'cart_id') }} as cart_id,
        {{ json_text('properties', 'checkout_id') }} as checkout_id,
        {{ json_text('properties', 'coupon') }} as coupon_code,
        {{ json_text('properties', 'currency') }} as currency_code,
        {{ json_array('properties', 'products') }} as products,
        {{ amount('coalesce(' ~ json_number('properties', 'total') ~ ', 0)') }}
            as gross_amount,
        {{ amount(
            'coalesce(' ~ json_number('properties', 'discount') ~ ', 0)'
        ) }} as discount_amount,
        is_identified,
        occurred_at as ordered_at,
        known_at
    from order_events
    where order_event_number = 1 and order_id is not null

)

select * from orders
