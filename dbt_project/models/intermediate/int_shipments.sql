with events as (

    select
        event_id,
        event_name,
        customer_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        coalesce(
            {{ json_text('properties', 'shipment_id') }},
            {{ json_text('properties', 'order_id') }}
        ) as shipment_id,
        {{ json_text('properties', 'carrier') }} as carrier,
        is_identified,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where event_name in ('Order Shipped', 'Order Delivered')

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id, order_id, shipment_id, event_name
            order by known_at, occurred_at, event_id
        ) as event_number
    from events
    where order_id is not null

),

shipments as (

    select
        shipment_id,
        order_id,
        customer_id,
        max(
            case when event_name = 'Order Shipped' then event_id end
        ) as shipped_event_id,
        max(
            case when event_name = 'Order Delivered' then event_id end
        ) as delivered_event_id,
        max(carrier) as carrier,
        max(case when is_identified then 1 else 0 end) = 1 as is_identified,
        max(
            case when event_name = 'Order Shipped' then occurred_at end
        ) as shipped_at,
        max(
            case when event_name = 'Order Delivered' then occurred_at end
        ) as delivered_at,
        min(known_at) as known_at,
        max(
            case when event_name = 'Order Shipped' then known_at end
        ) as shipped_known_at,
        max(
            case when event_name = 'Order Delivered' then known_at end
        ) as delivered_known_at
    from numbered
    where event_number = 1
    group by shipment_id, order_id, customer_id

)

select * from shipments
