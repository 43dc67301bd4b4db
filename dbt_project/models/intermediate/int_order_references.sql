{{
    config(
        unique_key='load_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

with events as (

    select *
    from {{ ref('stg_activation__events') }}
    where
        event_name in ('Order Completed', 'Order Refunded', 'Order Cancelled')
        and {{ is_new_load(ref('stg_activation__events')) }}

),

order_references as (

    select
        event_id,
        event_name,
        {{ json_text('properties', 'order_id') }} as order_id,
        user_id,
        anonymous_id,
        load_id,
        known_at
    from events

)

select *
from order_references
where order_id is not null
