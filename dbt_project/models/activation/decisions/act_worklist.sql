{{ config(tags=['outcomes']) }}

with decisions as (

    select * from {{ ref('act_decisions') }}

),

occurrences as (

    select *
    from {{ ref('act_occurrences') }}
    where
        expires_at > {{ as_of() }}
        and (cancelled_at is null or cancelled_at > {{ as_of() }})

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where is_mandatory

),

doubts as (

    select *
    from {{ ref('act_deliveries') }}
    where state = 'unknown'

),

numbered as (

    select
        decisions.*,
        coalesce(decisions.leg, '') as sent_leg,
        doubts.changed_at as doubted_at,
        decisions.verdict = 'send' and doubts.decision_id is null
            as is_under_way,
        row_number() over (
            partition by decisions.occurrence_id, coalesce(decisions.leg, '')
            order by decisions.decided_at desc, decisions.run_id desc
        ) as recency
    from decisions
    left join doubts
        on coalesce(decisions.carrier_decision_id, decisions.decision_id)
            = doubts.decision_id

),

{#- Whoever is told on one of several channels is told. -#}
told as (

    select distinct occurrence_id
    from numbered
    where recency = 1 and is_under_way

),

{#- Withheld ones are no work: whoever paused or blocked them knows. -#}
worklist as (

    select
        occurrences.occurrence_id,
        numbered.sent_leg as leg,
        occurrences.trigger_id,
        occurrences.customer_id,
        case
            when numbered.doubted_at is not null then 'in_doubt'
            else numbered.reason
        end as reason,
        coalesce(numbered.doubted_at, numbered.decided_at) as since
    from occurrences
    inner join policies on occurrences.trigger_id = policies.trigger_id
    inner join numbered
        on occurrences.occurrence_id = numbered.occurrence_id
            and numbered.recency = 1
    left join told on occurrences.occurrence_id = told.occurrence_id
    where
        told.occurrence_id is null
        and (
            numbered.doubted_at is not null
            or numbered.verdict in ('unreachable', 'suppressed')
        )

)

select * from worklist
