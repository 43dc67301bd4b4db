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

customer_things as (

    select * from {{ ref('int_customer_things') }}

),

customer_merges as (

    select * from {{ ref('int_customer_merges') }}

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

new_things as (

    select distinct
        thing,
        thing_id,
        load_id
    from {{ ref('int_thing_changes') }}
    where {{ is_new_load(ref('int_thing_changes')) }}

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
        customer_id,
        load_id
    from {{ ref('int_merge_changes') }}
    where {{ is_new_load(ref('int_merge_changes')) }}
    union
    select
        customer_things.customer_id,
        new_things.load_id
    from new_things
    inner join customer_things
        on new_things.thing = customer_things.thing
            and new_things.thing_id = customer_things.thing_id

),

{#- What concerns an absorbed customer concerns the one that is left. -#}
concerned as (

    select
        customer_id,
        load_id
    from customers
    union
    select
        customer_merges.customer_id,
        customers.load_id
    from customers
    inner join customer_merges
        on customers.customer_id = customer_merges.absorbed_customer_id

),

unlisted as (

    select
        concerned.customer_id,
        concerned.load_id
    from concerned
    {% if this and is_incremental() -%}
    left join {{ this }} as listed
        on concerned.customer_id = listed.customer_id
            and concerned.load_id = listed.load_id
    where concerned.customer_id is not null and listed.customer_id is null
    {%- else -%}
    where concerned.customer_id is not null
    {%- endif %}

)

select * from unlisted
