with deliveries as (

    select
        *,
        case when user_id is null then anonymous_id end as device_id
    from {{ ref('stg_activation__events') }}

),

owners as (

    select *
    from {{ ref('int_identities') }}
    where is_owner

),

stitched as (

    select
        deliveries.event_id,
        deliveries.event_name,
        coalesce(
            deliveries.user_id,
            owners.user_id,
            'anonymous:' || deliveries.anonymous_id
        ) as customer_id,
        deliveries.user_id,
        deliveries.anonymous_id,
        deliveries.properties,
        deliveries.context,
        deliveries.load_id,
        deliveries.user_id is not null
        or owners.user_id is not null as is_identified,
        deliveries.occurred_at,
        deliveries.received_at,
        greatest(
            deliveries.known_at,
            coalesce(owners.first_known_at, deliveries.known_at)
        ) as known_at,
        deliveries.known_at as delivered_at
    from deliveries
    left join owners on deliveries.device_id = owners.anonymous_id

),

{# An event may have been delivered under several persons; whoever was known
   first has it, so all deliveries of the events concerned are compared. #}
concerned as (

    select event_id
    from stitched
    where {{ is_affected() }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by event_id
            order by
                delivered_at, load_id, occurred_at, received_at,
                user_id, anonymous_id, event_name, properties, context
        ) as delivery_number
    from stitched
    {% if this and is_incremental() -%}
    where event_id in (select concerned.event_id from concerned)
    {%- endif %}

),

first_deliveries as (

    select
        event_id,
        event_name,
        customer_id,
        user_id,
        anonymous_id,
        properties,
        context,
        load_id,
        is_identified,
        occurred_at,
        received_at,
        known_at
    from numbered
    where delivery_number = 1 and {{ is_affected() }}

)

select * from first_deliveries
