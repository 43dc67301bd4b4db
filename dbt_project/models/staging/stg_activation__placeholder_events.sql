with events as (

    select * from {{ event_deliveries() }}

),

cleaned as (

    select
        event_id,
        {{ lowered(trimmed('user_id')) }} as user_placeholder,
        {{ lowered(trimmed('anonymous_id')) }} as device_placeholder,
        {{ person_id('user_id') }} as user_id,
        {{ person_id('anonymous_id') }} as anonymous_id,
        load_id,
        known_at
    from events
    where known_at <= {{ as_of() }}

),

placeholders as (

    select
        event_id,
        case when user_id is null then user_placeholder end as user_placeholder,
        case
            when anonymous_id is null then device_placeholder
        end as device_placeholder,
        load_id,
        user_id is null and anonymous_id is null as is_nobodys,
        known_at
    from cleaned
    where user_id is null or anonymous_id is null

)

select *
from placeholders
where
    user_placeholder is not null
    or device_placeholder is not null
    or is_nobodys
