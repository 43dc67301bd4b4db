with decisions as (

    select decisions.*
    from {{ resolved_survivors(ref('act_decisions')) }} as decisions

),

deliveries as (

    select * from {{ ref('act_deliveries') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

numbered as (

    select
        decisions.*,
        coalesce(decisions.carrier_decision_id, decisions.decision_id)
            as carrying_decision_id,
        row_number() over (
            partition by decisions.occurrence_id, coalesce(decisions.leg, '')
            order by decisions.decided_at desc, decisions.run_id desc
        ) as recency
    from decisions

),

pending_sends as (

    select
        numbered.decision_id,
        numbered.carrying_decision_id as carrier_decision_id,
        numbered.occurrence_id,
        numbered.environment,
        numbered.brand,
        numbered.trigger_id,
        numbered.survivor_id,
        numbered.unit_id,
        numbered.channel,
        numbered.contact_point_id,
        numbered.contact_point,
        numbered.template,
        numbered.variant,
        numbered.sender,
        numbered.subject,
        numbered.offer,
        numbered.run_id,
        numbered.trigger_version,
        numbered.priority,
        case
            when numbered.carrying_decision_id = numbered.decision_id then 0
            else 1
        end as is_carried,
        numbered.send_not_before,
        numbered.send_not_after,
        numbered.decided_at
    from numbered
    inner join standing_runs on numbered.run_id = standing_runs.run_id
    left join deliveries
        on numbered.carrying_decision_id = deliveries.decision_id
    where
        numbered.recency = 1
        and numbered.verdict = 'send'
        and coalesce(deliveries.state, 'planned') in ('planned', 'claimed')

)

select * from pending_sends
