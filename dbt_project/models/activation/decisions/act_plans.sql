with contest as (

    select *
    from {{ ref('act_contest') }}
    where reason = 'chosen'

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where approval is not null

),

draws as (

    select * from {{ ref('act_draws') }}

),

answers as (

    select * from {{ ref('act_approvals') }}

),

{#- The plan under which each waited last. -#}
waited as (

    select
        occurrence_id,
        coalesce(leg, '') as leg,
        plan_digest,
        row_number() over (
            partition by occurrence_id, coalesce(leg, '')
            order by decided_at desc, run_id desc
        ) as recency
    from {{ recorded('act_decisions') }}
    where plan_digest is not null

),

chosen as (

    select
        draws.occurrence_id,
        draws.leg,
        draws.trigger_id,
        draws.customer_id,
        policies.approval,
        waited.plan_digest,
        answers.verdict as answer
    from contest
    inner join draws
        on contest.occurrence_id = draws.occurrence_id
            and contest.leg = draws.leg
    inner join policies on draws.trigger_id = policies.trigger_id
    left join waited
        on draws.occurrence_id = waited.occurrence_id
            and draws.leg = waited.leg
            and waited.recency = 1
    left join answers
        on draws.trigger_id = answers.trigger_id
            and waited.plan_digest = answers.plan_digest

),

{#- Those whom a human let go no longer count against the others. -#}
crowds as (

    select
        trigger_id,
        count(distinct customer_id) as person_count
    from chosen
    where answer is null
    group by trigger_id

),

{#- Whoever is new waits under one plan of this run. -#}
new_plans as (

    select
        trigger_id,
        {{ md5_hex(
            "'[' || " ~ json_string('trigger_id') ~ " || ',' || substr("
            ~ json_array_agg(
                'occurrence_id || leg', 'occurrence_id || leg'
            ) ~ ", 2)"
        ) }} as plan_digest
    from chosen
    where plan_digest is null
    group by trigger_id

),

{#- Who waited for a yes goes with a yes only, however few are left. -#}
plans as (

    select
        chosen.occurrence_id,
        chosen.leg,
        case
            when chosen.answer = 'approve' then null
            when chosen.answer = 'refuse' then 'approval_refused'
            when chosen.plan_digest is not null then 'awaiting_approval'
            when crowds.person_count > chosen.approval then 'awaiting_approval'
        end as guard_reason,
        case
            when chosen.plan_digest is not null then chosen.plan_digest
            when crowds.person_count > chosen.approval
                then new_plans.plan_digest
        end as plan_digest
    from chosen
    left join crowds on chosen.trigger_id = crowds.trigger_id
    left join new_plans on chosen.trigger_id = new_plans.trigger_id

)

select * from plans
