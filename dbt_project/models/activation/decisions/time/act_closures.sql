with calendars as (

    select * from {{ ref('act_calendars') }}

),

present_slots as (

    select *
    from {{ ref('act_calendar_slots') }}
    where slot_at = {{ slot_of(as_of()) }} and closed_reason is not null

),

closures as (

    select
        calendars.time_profile,
        calendars.brand,
        calendars.channel,
        calendars.place_id,
        present_slots.closed_reason as reason
    from calendars
    inner join present_slots
        on calendars.calendar_id = present_slots.calendar_id

)

select * from closures
