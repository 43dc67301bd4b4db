{#- A view: it is asked for when somebody wants to know, not by decisions. -#}
{{ config(materialized='view') }}

with timing as (

    select *
    from {{ ref('act_timing') }}
    where timing_reason is not null and timing_reason <> 'dropped_window'

),

draws as (

    select * from {{ ref('act_draws') }}

),

windows as (

    select * from {{ ref('act_windows') }}

),

best_hours as (

    select * from {{ ref('act_best_hours') }}

),

{#- From when on it could go, were it not for the hours. -#}
waiting as (

    select
        draws.occurrence_id,
        draws.leg,
        draws.time_profile,
        draws.brand,
        draws.channel,
        draws.place_id,
        timing.timing_reason,
        case
            when timing.timing_reason = 'variant_delay' then draws.due_at
            else {{ as_of() }}
        end as starts_at
    from timing
    inner join draws
        on timing.occurrence_id = draws.occurrence_id
            and timing.leg = draws.leg

),

openings as (

    select
        waiting.occurrence_id,
        waiting.leg,
        min(greatest(windows.opens_at, waiting.starts_at)) as opens_at
    from waiting
    inner join windows
        on waiting.time_profile = windows.time_profile
            and waiting.brand = windows.brand
            and waiting.channel = windows.channel
            and waiting.place_id = windows.place_id
            and waiting.starts_at < windows.closes_at
    group by waiting.occurrence_id, waiting.leg

),

waits as (

    select
        waiting.occurrence_id,
        waiting.leg,
        waiting.timing_reason as reason,
        case
            when waiting.timing_reason = 'better_hour'
                then best_hours.starts_at
            else openings.opens_at
        end as waits_until
    from waiting
    left join openings
        on waiting.occurrence_id = openings.occurrence_id
            and waiting.leg = openings.leg
    left join best_hours
        on waiting.occurrence_id = best_hours.occurrence_id
            and waiting.leg = best_hours.leg

)

select * from waits
