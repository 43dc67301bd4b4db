{#-
    A run reads what came since the last one, and of the rest only the rows here
    that it may move: whose customers are concerned, or whose events came again.
-#}
with deliveries as (
    {% if this and is_incremental() %}
    select
        event_id,
        event_name,
        user_id,
        anonymous_id,
        properties,
        context,
        load_id,
        occurred_at,
        received_at,
        delivered_at,
        case when {{ is_affected() }} then 1 else 0 end as is_moved,
        1 as is_kept
    from {{ this }}
    where
        event_id in (
            select moved.event_id
            from {{ this }} as moved
            where {{ is_affected() }}
            union
            select new_events.event_id
            from {{ ref('stg_activation__events') }} as new_events
            where {{ is_new_load(ref('stg_activation__events')) }}
        )
    union all
    {% endif %}
    select
        event_id,
        event_name,
        user_id,
        anonymous_id,
        properties,
        context,
        load_id,
        occurred_at,
        received_at,
        known_at as delivered_at,
        0 as is_moved,
        0 as is_kept
    from {{ ref('stg_activation__events') }}
    {% if this and is_incremental() -%}
    where
        event_id in (
            select new_events.event_id
            from {{ ref('stg_activation__events') }} as new_events
            where {{ is_new_load(ref('stg_activation__events')) }}
        )
    {%- endif %}

),

{#- Sorting whole rows is dear, and few events come more than once. -#}
repeated as (

    select event_id
    from deliveries
    group by event_id
    having count(*) > 1

),

{#- An event may come under several persons: whoever was known first has it. -#}
numbered as (

    select
        deliveries.*,
        deliveries.is_kept as is_known,
        deliveries.is_moved as is_replaced,
        1 as delivery_number
    from deliveries
    left join repeated on deliveries.event_id = repeated.event_id
    where repeated.event_id is null
    union all
    select
        deliveries.*,
        max(is_kept) over (partition by event_id) as is_known,
        max(is_moved) over (partition by event_id) as is_replaced,
        row_number() over (
            partition by event_id
            order by
                delivered_at, load_id, occurred_at, received_at,
                coalesce(user_id, ''), coalesce(anonymous_id, ''),
                event_name, properties, context
        ) as delivery_number
    from deliveries
    where event_id in (select repeated.event_id from repeated)

),

crowded_users as (

    select *
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

crowded_devices as (

    select *
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'device'

),

first_deliveries as (

    select
        numbered.*,
        case
            when crowded_users.identity_id is null then numbered.user_id
        end as person_id,
        case
            when crowded_devices.identity_id is null
                then numbered.anonymous_id
        end as device_id,
        case
            when
                (
                    numbered.user_id is null
                    or crowded_users.identity_id is not null
                )
                and crowded_devices.identity_id is null
                then numbered.anonymous_id
        end as unsigned_device_id,
        numbered.delivered_at as known_at
    from numbered
    left join crowded_users on numbered.user_id = crowded_users.identity_id
    left join crowded_devices
        on numbered.anonymous_id = crowded_devices.identity_id
    where
        numbered.delivery_number = 1
        and (numbered.is_known = 0 or numbered.is_replaced = 1)

),

unsigned as (

    select
        device_id as anonymous_id,
        occurred_at,
        known_at
    from first_deliveries
    where person_id is null and device_id is not null

),

sign_outs as (

    select * from {{ ref('int_sign_outs') }}

),

stretches as (

    {{ device_stretches('unsigned', 'sign_outs') }}

),

owners as (

    select * from {{ ref('int_device_owners') }}

),

owned as (

    select
        first_deliveries.*,
        owners.user_id as owner_id,
        owners.known_at as owner_known_at
    from first_deliveries
    left join stretches
        on first_deliveries.device_id = stretches.anonymous_id
            and first_deliveries.occurred_at = stretches.occurred_at
            and first_deliveries.known_at = stretches.known_at
    left join owners
        on first_deliveries.unsigned_device_id = owners.anonymous_id
            and owners.began_at = coalesce(
                stretches.began_at, {{ far_past() }}
            )

),

customer_merges as (

    select * from {{ ref('int_customer_merges') }}

),

stitched as (

    select
        owned.event_id,
        owned.event_name,
        coalesce(
            customer_merges.customer_id,
            owned.person_id,
            owned.owner_id,
            'anonymous:' || owned.device_id
        ) as customer_id,
        coalesce(
            owned.person_id, owned.owner_id, 'anonymous:' || owned.device_id
        ) as profile_id,
        owned.user_id,
        owned.anonymous_id,
        owned.properties,
        owned.context,
        owned.load_id,
        coalesce(owned.person_id, owned.owner_id) is not null as is_identified,
        owned.occurred_at,
        owned.received_at,
        owned.delivered_at,
        greatest(
            owned.delivered_at,
            coalesce(owned.owner_known_at, owned.delivered_at)
        ) as known_at,
        owned.is_known
    from owned
    left join customer_merges
        on coalesce(owned.person_id, owned.owner_id)
            = customer_merges.absorbed_customer_id

)

select
    event_id,
    event_name,
    customer_id,
    profile_id,
    user_id,
    anonymous_id,
    properties,
    context,
    load_id,
    is_identified,
    occurred_at,
    received_at,
    delivered_at,
    known_at
from stitched
where customer_id is not null and (is_known = 1 or {{ is_affected() }})
