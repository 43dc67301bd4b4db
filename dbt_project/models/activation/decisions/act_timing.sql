with draws as (

    select *
    from {{ ref('act_draws') }}
    where held_out_reason is null

),

windows as (

    select * from {{ ref('act_windows') }}

),

closures as (

    select * from {{ ref('act_closures') }}

),

best_hours as (

    select * from {{ ref('act_best_hours') }}

),

{#- What is sent early, before hours in which it would fall, is due already. -#}
judged as (

    select
        draws.occurrence_id,
        draws.leg,
        case
            when
                draws.due_at > draws.eligible_at
                and draws.due_at > {{ as_of() }}
                then 'variant_delay'
            when windows.opens_at is null and draws.quiet_hours = 'drop'
                then 'dropped_window'
            when windows.opens_at is null
                then coalesce(closures.reason, 'quiet_hours')
            when best_hours.starts_at > {{ as_of() }} then 'better_hour'
        end as timing_reason,
        windows.closes_at
    from draws
    left join windows
        on draws.time_profile = windows.time_profile
            and draws.brand = windows.brand
            and draws.channel = windows.channel
            and draws.place_id = windows.place_id
            and windows.opens_at <= {{ as_of() }}
            and windows.closes_at > {{ as_of() }}
    left join closures
        on draws.time_profile = closures.time_profile
            and draws.brand = closures.brand
            and draws.channel = closures.channel
            and draws.place_id = closures.place_id
    left join best_hours
        on draws.occurrence_id = best_hours.occurrence_id
            and draws.leg = best_hours.leg

)

select * from judged
