with events as (

    select * from {{ event_deliveries() }}

),

cleaned as (

    select
        event_id,
        event_name,
        {{ person_id('user_id') }} as user_id,
        {{ person_id('anonymous_id') }} as anonymous_id,
        properties,
        context,
        load_id,
        occurred_at,
        received_at,
        known_at
    from events
    where known_at <= {{ as_of() }}

),

persons as (

    select *
    from cleaned
    where user_id is not null or anonymous_id is not null

)

select * from persons
