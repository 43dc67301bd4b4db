{{
    config(
        unique_key='event_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

with events as (

    select *
    from {{ affected(ref('stg_activation__events'), 'event_id') }}
    where event_name in ('Order Refunded', 'Order Cancelled')

),

numbered as (

    select
        *,
        row_number() over (
            partition by event_id
            order by known_at, load_id, occurred_at, received_at, properties
        ) as delivery_number
    from events

),

reversals as (

    select
        event_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        {{ json_number('properties', 'total') }} as refunded_amount,
        event_name = 'Order Cancelled' as is_cancellation,
        occurred_at,
        known_at
    from numbered
    where delivery_number = 1

)

select *
from reversals
where order_id is not null
