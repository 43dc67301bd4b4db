{%- set earliest_slot = slot_of('waiting.due_at') -%}

with draws as (

    select *
    from {{ ref('act_draws') }}
    where held_out_reason is null and due_at <= {{ as_of() }}

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where send_time_within_seconds is not null

),

places as (

    select * from {{ ref('int_customer_places') }}

),

hours as (

    select * from {{ ref('int_customer_hours') }}

),

windows as (

    select * from {{ ref('act_windows') }}

),

slots as (
    {{ slots() }}
),

limited as (

    select
        draws.*,
        places.day_zone,
        {{ earliest(
            'draws.expires_at',
            dbt.dateadd(
                'second', 'policies.send_time_within_seconds', 'draws.due_at'
            ),
        ) }} as limit_at
    from draws
    inner join policies on draws.trigger_id = policies.trigger_id
    inner join places on draws.customer_id = places.customer_id
    where
        {{ bucket("'send_time:' || draws.trigger_id", 'draws.unit_id') }}
        >= 10000 * policies.send_time_control_share

),

waiting as (

    select *
    from limited
    where limit_at > {{ as_of() }}

),

local_slots as (

    select
        zones.day_zone,
        slots.slot_at,
        {{ local_time('slots.slot_at', 'zones.day_zone') }} as local_at
    from (select distinct day_zone from waiting) as zones
    cross join slots
    where slots.slot_number between 90 and 300

),

{#- An hour that clocks show twice is two hours here. -#}
local_hours as (

    select
        day_zone,
        {{ hour_of_week('local_at') }} as hour_of_week,
        min(slot_at) as starts_at,
        {{ dbt.dateadd('minute', 15, 'max(slot_at)') }} as ends_at
    from local_slots
    group by
        day_zone,
        {{ dbt.date_trunc('hour', 'local_at') }},
        {{ hour_of_week('local_at') }},
        {{ dbt.datediff('slot_at', 'local_at', 'minute') }}

),

permitted as (

    select
        waiting.occurrence_id,
        waiting.leg,
        hours.score,
        greatest(
            local_hours.starts_at, windows.opens_at, {{ earliest_slot }}
        ) as starts_at,
        least(
            local_hours.ends_at, windows.closes_at, waiting.limit_at
        ) as ends_at
    from waiting
    inner join hours on waiting.customer_id = hours.customer_id
    inner join local_hours
        on waiting.day_zone = local_hours.day_zone
            and hours.hour_of_week = local_hours.hour_of_week
            and waiting.limit_at > local_hours.starts_at
            and {{ earliest_slot }} < local_hours.ends_at
    inner join windows
        on waiting.time_profile = windows.time_profile
            and waiting.brand = windows.brand
            and waiting.channel = windows.channel
            and waiting.place_id = windows.place_id
            and local_hours.ends_at > windows.opens_at
            and local_hours.starts_at < windows.closes_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by occurrence_id, leg
            order by score desc, starts_at
        ) as hour_rank
    from permitted
    where starts_at < ends_at

),

best_hours as (

    select
        occurrence_id,
        leg,
        score,
        starts_at
    from ranked
    where hour_rank = 1

)

select * from best_hours
