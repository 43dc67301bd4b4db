with candidates as (

    select * from {{ ref('act_candidates') }}

),

contest as (

    select * from {{ ref('act_contest') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select * from {{ ref('act_policy_channels') }}

),

reasons as (

    select * from {{ ref('act_reasons') }}

),

judged as (

    select
        candidates.*,
        contest.assignment_id,
        contest.outranked_by_occurrence_id,
        contest.cap,
        coalesce(contest.variant, 'default') as variant,
        coalesce(candidates.check_reason, contest.reason) as reason
    from candidates
    left join contest on candidates.occurrence_id = contest.occurrence_id

),

sends as (

    select
        judged.occurrence_id,
        coalesce(own.template, base.template) as template,
        {{ as_of() }} as send_not_before,
        {{ earliest(
            'judged.expires_at',
            dbt.dateadd('second', 'policies.time_to_live_seconds', as_of()),
        ) }} as send_not_after
    from judged
    inner join policies on judged.trigger_id = policies.trigger_id
    inner join channels as base
        on judged.trigger_id = base.trigger_id
            and judged.channel = base.channel
            and base.variant = 'default'
    left join channels as own
        on judged.trigger_id = own.trigger_id
            and judged.channel = own.channel
            and judged.variant = own.variant
    where judged.reason = 'chosen'

),

verdicts as (

    select
        judged.occurrence_id,
        judged.environment,
        judged.brand,
        judged.trigger_id,
        judged.customer_id,
        judged.unit_id,
        reasons.verdict,
        judged.reason,
        judged.channel,
        judged.contact_point_id,
        judged.contact_point,
        sends.template,
        case when sends.occurrence_id is not null then judged.variant end
            as variant,
        judged.assignment_id,
        judged.outranked_by_occurrence_id,
        judged.cap,
        judged.last_verdict,
        judged.last_reason,
        judged.trigger_version,
        judged.priority,
        reasons.is_final,
        judged.is_reopened,
        sends.send_not_before,
        sends.send_not_after
    from judged
    left join reasons on judged.reason = reasons.reason
    left join sends on judged.occurrence_id = sends.occurrence_id

)

select * from verdicts
