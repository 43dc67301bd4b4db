with judgements as (

    select * from {{ ref('act_judgements') }}

),

reasons as (

    select * from {{ ref('act_reasons') }}

),

{#- A message of several ends with the first of them. -#}
digests as (

    select
        carrier_occurrence_id,
        carrier_leg,
        min(ends_at) as ends_at
    from judgements
    where reason = 'chosen' and digest is not null
    group by carrier_occurrence_id, carrier_leg

),

sends as (

    select
        judgements.occurrence_id,
        judgements.leg,
        judgements.template,
        judgements.variant,
        judgements.subject,
        judgements.sender,
        judgements.offer,
        judgements.digest,
        judgements.carrier_occurrence_id,
        judgements.carrier_leg,
        {{ as_of() }} as send_not_before,
        coalesce(digests.ends_at, judgements.ends_at) as send_not_after
    from judgements
    left join digests
        on judgements.carrier_occurrence_id = digests.carrier_occurrence_id
            and judgements.carrier_leg = digests.carrier_leg
    where judgements.reason = 'chosen'

),

verdicts as (

    select
        judgements.occurrence_id,
        judgements.leg,
        judgements.environment,
        judgements.brand,
        judgements.trigger_id,
        judgements.customer_id,
        judgements.unit_id,
        reasons.verdict,
        judgements.reason,
        judgements.channel,
        judgements.contact_point_id,
        judgements.contact_point,
        sends.template,
        sends.variant,
        sends.subject,
        sends.sender,
        sends.offer,
        sends.digest,
        sends.carrier_occurrence_id,
        sends.carrier_leg,
        judgements.assignment_id,
        judgements.outranked_by_occurrence_id,
        judgements.outranked_by_trigger_id,
        judgements.cap,
        judgements.plan_digest,
        judgements.last_verdict,
        judgements.last_reason,
        judgements.trigger_version,
        judgements.priority,
        reasons.is_final,
        judgements.is_reopened,
        sends.send_not_before,
        sends.send_not_after
    from judgements
    left join reasons on judgements.reason = reasons.reason
    left join sends
        on judgements.occurrence_id = sends.occurrence_id
            and judgements.leg = sends.leg

)

select * from verdicts
