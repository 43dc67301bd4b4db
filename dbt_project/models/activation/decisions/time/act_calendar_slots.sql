with limits as (

    select * from {{ ref('act_limits') }}

),

calendars as (

    select *
    from {{ ref('act_calendars') }}
    where calendar_id is not null

),

closed_slots as (

    select * from {{ ref('act_closed_slots') }}

),

slots as (
    {{ slots() }}
),

calendar_limits as (

    select distinct
        calendars.calendar_id,
        limits.limit_id
    from calendars
    inner join limits
        on calendars.time_profile = limits.time_profile
            and calendars.brand = limits.brand
            and calendars.channel = limits.channel
            and calendars.place_id = limits.place_id

),

distinct_calendars as (

    select distinct calendar_id
    from calendar_limits

),

{#- A freeze is named before quiet hours, those before a send window. -#}
closed as (

    select
        calendar_limits.calendar_id,
        closed_slots.slot_number,
        min(
            case closed_slots.reason
                when 'frozen' then 1
                when 'quiet_hours' then 2
                else 3
            end
        ) as reason_rank
    from calendar_limits
    inner join closed_slots on calendar_limits.limit_id = closed_slots.limit_id
    group by calendar_limits.calendar_id, closed_slots.slot_number

),

calendar_slots as (

    select
        distinct_calendars.calendar_id,
        slots.slot_number,
        case closed.reason_rank
            when 1 then 'frozen'
            when 2 then 'quiet_hours'
            when 3 then 'send_window'
        end as closed_reason,
        slots.slot_at
    from distinct_calendars
    cross join slots
    left join closed
        on distinct_calendars.calendar_id = closed.calendar_id
            and slots.slot_number = closed.slot_number

)

select * from calendar_slots
