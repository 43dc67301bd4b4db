with limits as (

    select * from {{ ref('act_limits') }}

),

holidays as (

    select * from {{ ref('stg_engine__public_holidays') }}

),

slots as (
    {{ slots() }}
),

zones as (

    select distinct timezone
    from limits

),

local_slots as (

    select
        zones.timezone,
        slots.slot_number,
        {{ local_time('slots.slot_at', 'zones.timezone') }} as local_at
    from slots
    cross join zones

),

clocks as (

    select
        timezone,
        slot_number,
        {{ weekday('local_at') }} as weekday,
        {{ dbt.datediff(
            dbt.date_trunc('day', 'local_at'), 'local_at', 'minute'
        ) }} as local_minute,
        cast(local_at as date) as local_date
    from local_slots

),

distinct_limits as (

    select distinct
        limit_id,
        timezone,
        {{ clock_minutes('local_from') }} as opens,
        {{ clock_minutes('local_to') }} as closes,
        days,
        holiday_country_code,
        holiday_region,
        starts_on,
        ends_on,
        reason
    from limits

),

closed as (

    select
        limits.limit_id,
        clocks.slot_number,
        limits.reason
    from distinct_limits as limits
    inner join clocks on limits.timezone = clocks.timezone
    left join holidays
        on limits.holiday_country_code = holidays.country_code
            and clocks.local_date = holidays.holiday_on
            and (
                holidays.region is null
                or limits.holiday_region = holidays.region
            )
    where
        (
            limits.starts_on is null
            and (
                clocks.local_minute < limits.opens
                or clocks.local_minute >= limits.closes
                or limits.days not like '%' || cast(
                    clocks.weekday as {{ dbt.type_string() }}
                ) || '%'
                or holidays.holiday_on is not null
            )
        )
        or clocks.local_date between limits.starts_on and limits.ends_on
    group by limits.limit_id, clocks.slot_number, limits.reason

)

select * from closed
