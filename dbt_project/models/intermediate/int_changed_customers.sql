{{ config(incremental_strategy='append') }}

with new_events as (

    select
        event_id,
        load_id
    from {{ ref('stg_activation__events') }}
    where {{ is_new_load(ref('stg_activation__events')) }}

),

{#- An event that comes again may have come under another person before. -#}
deliveries as (

    select
        events.user_id,
        events.anonymous_id,
        new_events.load_id
    from new_events
    inner join {{ ref('stg_activation__events') }} as events
        on new_events.event_id = events.event_id

),

order_references as (

    select * from {{ ref('int_order_references') }}

),

new_order_references as (

    select distinct
        references_of_event.order_id,
        new_events.load_id
    from new_events
    inner join order_references as references_of_event
        on new_events.event_id = references_of_event.event_id

),

{#- A refund concerns whose order it names; an order, whose refund names it. -#}
named_orders as (

    select
        order_references.user_id,
        order_references.anonymous_id,
        new_order_references.load_id
    from new_order_references
    inner join order_references
        on new_order_references.order_id = order_references.order_id

),

crowded as (

    select * from {{ ref('int_crowded_identities') }}

),

new_crowds as (

    select *
    from crowded
    where {{ is_new_load(ref('int_crowded_identities')) }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

{#- A crowd's device says nothing of who else was seen on it. -#}
persons as (

    select
        user_id,
        anonymous_id,
        load_id
    from deliveries
    union
    select * from named_orders

),

stitched_persons as (

    select persons.*
    from persons
    left join crowded
        on persons.anonymous_id = crowded.identity_id
            and crowded.identity_kind = 'device'
    where crowded.identity_id is null
    union
    {#- What becomes a crowd concerns everyone it was seen with, once. #}
    select
        identities.user_id,
        identities.anonymous_id,
        new_crowds.load_id
    from new_crowds
    inner join identities on new_crowds.identity_id = identities.user_id
    where new_crowds.identity_kind = 'user'
    union
    select
        identities.user_id,
        identities.anonymous_id,
        new_crowds.load_id
    from new_crowds
    inner join identities on new_crowds.identity_id = identities.anonymous_id
    where new_crowds.identity_kind = 'device'

),

new_things as (

    select distinct
        thing,
        thing_id,
        load_id
    from {{ ref('int_thing_changes') }}
    where {{ is_new_load(ref('int_thing_changes')) }}

),

customer_things as (

    select * from {{ ref('int_customer_things') }}

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
    from stitched_persons
    union
    select
        identities.user_id as customer_id,
        stitched_persons.load_id
    from stitched_persons
    inner join identities
        on stitched_persons.anonymous_id = identities.anonymous_id
    union
    select
        customer_id,
        load_id
    from {{ ref('stg_activation__customer_changes') }}
    where {{ is_new_load(ref('stg_activation__customer_changes')) }}
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
    inner join {{ ref('int_customer_merges') }} as customer_merges
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
