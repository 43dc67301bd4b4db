{{ config(incremental_strategy='append') }}

with events as (

    select * from {{ ref('stg_activation__events') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

customer_changes as (

    select * from {{ ref('stg_activation__customer_changes') }}

),

contact_point_changes as (

    select * from {{ ref('stg_activation__contact_point_changes') }}

),

consent_changes as (

    select * from {{ ref('stg_activation__consent_changes') }}

),

new_events as (

    select *
    from events
    where {{ is_new_load(
        ref('stg_activation__events')
    ) }}

),

deliveries as (

    select
        events.event_name,
        events.user_id,
        events.anonymous_id,
        events.properties,
        new_events.load_id
    from new_events
    inner join events on new_events.event_id = events.event_id

),

new_order_events as (

    select distinct
        {{ json_text('properties', 'order_id') }} as order_id,
        load_id
    from deliveries
    where event_name in ('Order Completed', 'Order Refunded', 'Order Cancelled')

),

order_events as (

    select
        {{ json_text('properties', 'order_id') }} as order_id,
        user_id,
        anonymous_id
    from events
    where event_name in ('Order Completed', 'Order Refunded', 'Order Cancelled')

),

{#- A refund concerns whose order it names; an order, whose refund names it. -#}
named_orders as (

    select
        order_events.user_id,
        order_events.anonymous_id,
        new_order_events.load_id
    from new_order_events
    inner join order_events
        on new_order_events.order_id = order_events.order_id

),

persons as (

    select
        user_id,
        anonymous_id,
        load_id
    from deliveries
    union
    select * from named_orders

),

contact_points as (

    select
        contact_point_id,
        load_id
    from contact_point_changes
    where {{ is_new_load(
        ref('stg_activation__contact_point_changes')
    ) }}
    union
    select
        contact_point_id,
        load_id
    from consent_changes
    where {{ is_new_load(
        ref('stg_activation__consent_changes')
    ) }}

),

customers as (

    select
        user_id as customer_id,
        load_id
    from persons
    union
    select
        'anonymous:' || anonymous_id as customer_id,
        load_id
    from persons
    union
    select
        identities.user_id as customer_id,
        persons.load_id
    from persons
    inner join identities on persons.anonymous_id = identities.anonymous_id
    union
    select
        customer_id,
        load_id
    from customer_changes
    where {{ is_new_load(
        ref('stg_activation__customer_changes')
    ) }}
    union
    select
        contact_point_changes.customer_id,
        contact_points.load_id
    from contact_points
    inner join contact_point_changes
        on contact_points.contact_point_id
            = contact_point_changes.contact_point_id

),

unlisted as (

    select
        customers.customer_id,
        customers.load_id
    from customers
    {% if this and is_incremental() -%}
    left join {{ this }} as listed
        on customers.customer_id = listed.customer_id
            and customers.load_id = listed.load_id
    where customers.customer_id is not null and listed.customer_id is null
    {%- else -%}
    where customers.customer_id is not null
    {%- endif %}

)

select * from unlisted
