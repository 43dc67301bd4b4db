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
        *,
        row_number() over (
            partition by occurrence_id
            order by decided_at desc, run_id desc
        ) as recency
    from decisions

),

{#- Withheld ones are no work: whoever paused or blocked them knows. -#}
worklist as (

    select
        occurrences.occurrence_id,
        occurrences.trigger_id,
        occurrences.customer_id,
        case
            when doubts.decision_id is not null then 'in_doubt'
            else numbered.reason
        end as reason,
        coalesce(doubts.changed_at, numbered.decided_at) as since
    from occurrences
    inner join policies on occurrences.trigger_id = policies.trigger_id
    inner join numbered
        on occurrences.occurrence_id = numbered.occurrence_id
            and numbered.recency = 1
    left join doubts on numbered.decision_id = doubts.decision_id
    where
        doubts.decision_id is not null
        or numbered.verdict in ('unreachable', 'suppressed')

)

select * from worklist
