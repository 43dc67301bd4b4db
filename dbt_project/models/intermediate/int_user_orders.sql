{#-
    By the user that orders name, whoever has turned out since to be the same
    person: a later merge changes neither who ordered nor when it was known. Of
    an event that names a user who is a person, that user is the profile.
-#}
with events as (

    select
        *,
        {{ json_text('properties', 'order_id') }} as order_id
    from {{ affected(ref('int_events')) }}
    where user_id = profile_id and event_name = 'Order Completed'

),

numbered as (

    select
        *,
        row_number() over (
            partition by user_id, order_id
            order by known_at, occurred_at, event_id
        ) as order_event_number
    from events
    where order_id is not null

),

user_orders as (

    select
        event_id,
        customer_id,
        user_id,
        order_id,
        {{ amount(json_number('properties', 'total')) }} as gross_amount,
        occurred_at as ordered_at,
        known_at
    from numbered
    where
        order_event_number = 1
        and {{ json_number('properties', 'total') }} > 0

)

select * from user_orders
