{#- A view: its rows are as wide as they are many, and read once. -#}
{{ config(materialized='view') }}

with candidates as (

    select * from {{ ref('act_candidates') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

draws as (

    select * from {{ ref('act_draws') }}

),

timing as (

    select * from {{ ref('act_timing') }}

),

contest as (

    select * from {{ ref('act_contest') }}

),

guards as (

    select * from {{ ref('act_guards') }}

),

{#- The first of (1) to (9) that says something. -#}
judgements as (

    select
        candidates.occurrence_id,
        candidates.leg,
        candidates.environment,
        candidates.brand,
        candidates.trigger_id,
        candidates.customer_id,
        candidates.unit_id,
        coalesce(
            candidates.check_reason,
            draws.held_out_reason,
            timing.timing_reason,
            case when contest.reason <> 'chosen' then contest.reason end,
            guards.guard_reason,
            contest.reason
        ) as reason,
        coalesce(draws.channel, nullif(candidates.leg, '')) as channel,
        draws.contact_point_id,
        draws.contact_point,
        draws.template,
        draws.variant,
        draws.subject,
        draws.sender,
        draws.offer,
        draws.digest,
        draws.assignment_id,
        contest.carrier_occurrence_id,
        contest.carrier_leg,
        contest.outranked_by_occurrence_id,
        contest.outranked_by_trigger_id,
        contest.cap,
        guards.plan_digest,
        candidates.last_verdict,
        candidates.last_reason,
        candidates.trigger_version,
        candidates.priority,
        candidates.is_reopened,
        {{ earliest(
            dbt.dateadd('second', 'policies.time_to_live_seconds', as_of()),
            earliest('candidates.expires_at', 'timing.closes_at'),
        ) }} as ends_at
    from candidates
    left join policies on candidates.trigger_id = policies.trigger_id
    left join draws
        on candidates.occurrence_id = draws.occurrence_id
            and candidates.leg = draws.leg
    left join timing
        on candidates.occurrence_id = timing.occurrence_id
            and candidates.leg = timing.leg
    left join contest
        on candidates.occurrence_id = contest.occurrence_id
            and candidates.leg = contest.leg
    left join guards
        on candidates.occurrence_id = guards.occurrence_id
            and candidates.leg = guards.leg

)

select * from judgements
