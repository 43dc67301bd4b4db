with calendars as (

    select * from {{ ref('act_calendars') }}

),

open_slots as (

    select
        calendar_id,
        slot_at,
        slot_number - row_number() over (
            partition by calendar_id
            order by slot_number
        ) as stretch
    from {{ ref('act_calendar_slots') }}
    where closed_reason is null

),

stretches as (

    select
        calendar_id,
        min(slot_at) as opens_at,
        {{ dbt.dateadd('minute', 15, 'max(slot_at)') }} as closes_at
    from open_slots
    group by calendar_id, stretch

),

windows as (

    select
        calendars.time_profile,
        calendars.brand,
        calendars.channel,
        calendars.place_id,
        stretches.opens_at,
        stretches.closes_at
    from calendars
    inner join stretches on calendars.calendar_id = stretches.calendar_id
    union all
    {#- Nothing restricts it, at no time. #}
    select
        time_profile,
        brand,
        channel,
        place_id,
        {{ far_past() }} as opens_at,
        {{ far_future() }} as closes_at
    from calendars
    where calendar_id is null

)

select * from windows
