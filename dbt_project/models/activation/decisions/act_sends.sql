with decisions as (

    select * from {{ recorded('act_decisions') }}

),

deliveries as (

    select * from {{ ref('act_deliveries') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

copies as (

    select max(copied_at) as copied_at
    from {{ source('engine', 'marks') }}
    where copied_at <= {{ as_of() }}

),

numbered as (

    select
        *,
        coalesce(leg, '') as sent_leg,
        coalesce(carrier_decision_id, decision_id) as carrying_decision_id,
        row_number() over (
            partition by occurrence_id, coalesce(leg, '')
            order by decided_at desc, run_id desc
        ) as recency
    from decisions

),

{#- What rides in another's message shares the end of that message. -#}
sends as (

    select
        numbered.occurrence_id,
        numbered.sent_leg as leg,
        numbered.decision_id,
        numbered.carrying_decision_id as carrier_decision_id,
        numbered.brand,
        numbered.trigger_id,
        numbered.customer_id,
        numbered.unit_id,
        numbered.channel,
        numbered.contact_point,
        case
            when deliveries.state in ('returned', 'rejected', 'failed')
                then deliveries.state
            when deliveries.state = 'planned' then 'reserved'
            when deliveries.state is not null then 'sent'
            when standing_runs.run_id is null then 'abandoned'
            when
                numbered.send_not_after < copies.copied_at
                then 'lapsed'
            else 'reserved'
        end as outcome,
        numbered.send_not_after,
        numbered.decided_at
    from numbered
    left join deliveries
        on numbered.carrying_decision_id = deliveries.decision_id
    left join standing_runs on numbered.run_id = standing_runs.run_id
    cross join copies
    where numbered.recency = 1 and numbered.verdict = 'send'

)

select * from sends
