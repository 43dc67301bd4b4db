with draws as (

    select * from {{ ref('act_draws') }}

),

contest as (

    select *
    from {{ ref('act_contest') }}
    where reason = 'chosen'

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where max_volume is not null or approval is not null

),

plans as (

    select * from {{ ref('act_plans') }}

),

guarded as (

    select
        contest.occurrence_id,
        contest.leg,
        policies.max_volume,
        count(*) over (partition by draws.trigger_id) as message_count
    from contest
    inner join draws
        on contest.occurrence_id = draws.occurrence_id
            and contest.leg = draws.leg
    inner join policies on draws.trigger_id = policies.trigger_id

),

{#- A guard never trims: over its volume the whole trigger waits. -#}
judged as (

    select
        guarded.occurrence_id,
        guarded.leg,
        case
            when guarded.message_count > guarded.max_volume then 'over_volume'
            else plans.guard_reason
        end as guard_reason,
        case
            when guarded.message_count > guarded.max_volume then null
            else plans.plan_digest
        end as plan_digest
    from guarded
    left join plans
        on guarded.occurrence_id = plans.occurrence_id
            and guarded.leg = plans.leg

),

carriers as (

    select *
    from judged
    where guard_reason is not null

),

{#- Its message is its carrier's: where that one waits, there is none. -#}
guards as (

    select
        contest.occurrence_id,
        contest.leg,
        coalesce(judged.guard_reason, carriers.guard_reason) as guard_reason,
        judged.plan_digest
    from contest
    left join judged
        on contest.occurrence_id = judged.occurrence_id
            and contest.leg = judged.leg
    left join carriers
        on contest.carrier_occurrence_id = carriers.occurrence_id
            and contest.carrier_leg = carriers.leg
    where
        judged.occurrence_id is not null or carriers.occurrence_id is not null

)

select * from guards
