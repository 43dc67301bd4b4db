{{ config(materialized='view') }}

with placeholders as (

    select * from {{ ref('stg_activation__placeholder_events') }}

),

crowded as (

    select * from {{ ref('int_crowded_identities') }}

),

events as (

    select
        events.event_id,
        events.user_id,
        events.anonymous_id,
        int_events.event_id is null as is_nobodys
    from {{ ref('stg_activation__events') }} as events
    left join {{ ref('int_events') }} as int_events
        on events.event_id = int_events.event_id

),

rejections as (

    select
        'user' as identity_kind,
        user_placeholder as identity_id,
        'placeholder' as reason,
        event_id,
        is_nobodys,
        known_at
    from placeholders
    where user_placeholder is not null
    union all
    select
        'device' as identity_kind,
        device_placeholder as identity_id,
        'placeholder' as reason,
        event_id,
        is_nobodys,
        known_at
    from placeholders
    where device_placeholder is not null
    union all
    select
        'none' as identity_kind,
        '' as identity_id,
        'missing' as reason,
        event_id,
        is_nobodys,
        known_at
    from placeholders
    where user_placeholder is null and device_placeholder is null
    union all
    select
        crowded.identity_kind,
        crowded.identity_id,
        'crowd' as reason,
        events.event_id,
        events.is_nobodys,
        crowded.known_at
    from crowded
    inner join events on crowded.identity_id = events.user_id
    where crowded.identity_kind = 'user'
    union all
    select
        crowded.identity_kind,
        crowded.identity_id,
        'crowd' as reason,
        events.event_id,
        events.is_nobodys,
        crowded.known_at
    from crowded
    inner join events on crowded.identity_id = events.anonymous_id
    where crowded.identity_kind = 'device'

),

rejected as (

    select
        identity_kind,
        identity_id,
        reason,
        count(distinct event_id) as event_count,
        count(distinct case when is_nobodys then event_id end)
            as nobodys_event_count,
        min(known_at) as known_at
    from rejections
    group by identity_kind, identity_id, reason

)

select * from rejected
