with events as (

    select
        *,
        {{ json_text('properties', 'checkout_id') }} as checkout_id
    from {{ affected(ref('int_events')) }}
    where event_name = 'Checkout Started'

),

orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

numbered as (

    select
        *,
        coalesce(checkout_id, event_id) as checkout_key,
        row_number() over (
            partition by customer_id, coalesce(checkout_id, event_id)
            order by known_at, occurred_at, event_id
        ) as checkout_event_number
    from events

),

started as (

    select
        checkout_key,
        checkout_id,
        event_id,
        customer_id,
        user_id,
        {{ json_text('properties', 'cart_id') }} as cart_id,
        {{ json_text('properties', 'currency') }} as currency_code,
        {{ json_array('properties', 'products') }} as products,
        {{ json_number('properties', 'value') }} as checkout_amount,
        is_identified,
        occurred_at as started_at,
        known_at
    from numbered
    where checkout_event_number = 1

),

{# An order completes the checkout that it names. Where either names none, it
   completes what the customer had started before. #}
completions as (

    select
        started.event_id,
        orders.order_id,
        orders.ordered_at,
        orders.known_at,
        row_number() over (
            partition by started.event_id
            order by orders.known_at, orders.ordered_at, orders.event_id
        ) as completion_number
    from started
    inner join orders on started.customer_id = orders.customer_id
    where
        orders.checkout_id = started.checkout_id
        or (
            (orders.checkout_id is null or started.checkout_id is null)
            and orders.ordered_at >= started.started_at
        )

),

checkouts as (

    select
        started.checkout_key,
        started.checkout_id,
        started.event_id,
        started.customer_id,
        started.user_id,
        started.cart_id,
        completions.order_id,
        started.currency_code,
        started.products,
        started.checkout_amount,
        started.is_identified,
        started.started_at,
        completions.ordered_at as completed_at,
        started.known_at,
        completions.known_at as completed_known_at
    from started
    left join completions
        on started.event_id = completions.event_id
            and completions.completion_number = 1

)

select * from checkouts
