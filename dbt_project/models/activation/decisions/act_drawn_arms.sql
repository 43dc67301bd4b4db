{#- A view: only the draws read it. -#}
{{ config(materialized='view') }}

with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed

),

trials as (

    select * from {{ ref('act_trials') }}

),

arms as (

    select * from {{ ref('act_arms') }}

),

variants as (

    select *
    from {{ ref('act_policy_variants') }}
    where arm = 'treated'

),

{#- A variant that its trigger no longer has, or that another trigger of the
    same salt has alone, is as if there were none. -#}
fallbacks as (

    select
        trigger_id,
        case
            when count(case when route = 'default' then 1 end) > 0
                then 'default'
            else min(route)
        end as route
    from variants
    group by trigger_id

),

judged as (

    select
        candidates.occurrence_id,
        candidates.leg,
        candidates.trigger_id,
        case
            when global_arms.arm = 'held_out' then global_arms.assignment_id
            else trigger_arms.assignment_id
        end as assignment_id,
        trigger_arms.variant,
        case
            when global_arms.arm = 'held_out' then 'held_out_global'
            when trigger_arms.arm = 'held_out' then 'held_out_trigger'
        end as held_out_reason
    from candidates
    left join trials
        on candidates.occurrence_id = trials.occurrence_id
            and candidates.leg = trials.leg
    left join arms as global_arms
        on trials.unit_id = global_arms.unit_id
            and trials.global_experiment_id = global_arms.experiment_id
            and {{ global_holdout_buckets() }} > 0
    left join arms as trigger_arms
        on trials.unit_id = trigger_arms.unit_id
            and trials.experiment_id = trigger_arms.experiment_id

),

drawn_arms as (

    select
        judged.occurrence_id,
        judged.leg,
        judged.assignment_id,
        coalesce(variants.variant, 'default') as variant,
        coalesce(variants.route, fallbacks.route, 'default') as route,
        coalesce(variants.variant, fallbacks.route, 'default')
            as template_variant,
        variants.sender,
        variants.subject,
        variants.offer,
        judged.held_out_reason,
        coalesce(variants.delay_seconds, 0) as delay_seconds
    from judged
    left join variants
        on judged.trigger_id = variants.trigger_id
            and judged.variant = variants.variant
            and judged.held_out_reason is null
    left join fallbacks on judged.trigger_id = fallbacks.trigger_id

)

select * from drawn_arms
