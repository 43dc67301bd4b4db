with events as (

    select
        *,
        coalesce(
            {{ json_text('properties', 'quote_id') }}, event_id
        ) as quote_id
    from {{ affected(ref('int_events')) }}
    where event_name in ('Quote Requested', 'Quote Declined')

),

orders as (

    select * from {{ affected(ref('int_placed_orders')) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id, quote_id
            order by known_at, occurred_at, event_id
        ) as quote_event_number
    from events
    where event_name = 'Quote Requested'

),

declined as (

    select
        customer_id,
        quote_id,
        min(occurred_at) as declined_at,
        min(known_at) as declined_known_at
    from events
    where event_name = 'Quote Declined'
    group by customer_id, quote_id

),

requested as (

    select
        quote_id,
        event_id,
        customer_id,
        {{ json_text('properties', 'currency') }} as currency_code,
        {{ json_array('properties', 'products') }} as products,
        {{ json_number('properties', 'value') }} as quote_amount,
        is_identified,
        occurred_at as requested_at,
        known_at
    from numbered
    where quote_event_number = 1

),

ordered as (

    select
        requested.event_id,
        min(orders.known_at) as ordered_known_at
    from requested
    inner join orders
        on requested.customer_id = orders.customer_id
            and requested.requested_at <= orders.ordered_at
    group by requested.event_id

),

quotes as (

    select
        requested.quote_id,
        requested.event_id,
        requested.customer_id,
        requested.currency_code,
        requested.products,
        requested.quote_amount,
        requested.is_identified,
        requested.requested_at,
        declined.declined_at,
        requested.known_at,
        declined.declined_known_at,
        ordered.ordered_known_at
    from requested
    left join declined
        on requested.customer_id = declined.customer_id
            and requested.quote_id = declined.quote_id
    left join ordered on requested.event_id = ordered.event_id

)

select * from quotes
