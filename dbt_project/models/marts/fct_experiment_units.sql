{{ config(tags=['decisions', 'outcomes']) }}

with assignments as (

    select assignments.*
    from {{ resolved_units(ref('act_assignments')) }} as assignments

),

voids as (

    select * from {{ ref('act_assignment_voids') }}

),

arms as (

    select * from {{ ref('act_arms') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

customer_units as (

    select * from {{ ref('int_units') }}

),

events as (

    select * from {{ ref('int_events') }}

),

contradictions as (

    select
        assignments.experiment_id,
        assignments.survivor_unit_id as unit_id,
        count(distinct assignments.arm) > 1 as has_two_arms
    from assignments
    left join voids on assignments.assignment_id = voids.assignment_id
    where voids.assignment_id is null
    group by assignments.experiment_id, assignments.survivor_unit_id

),

units as (

    select
        arms.experiment_id,
        arms.unit_id,
        arms.assignment_id,
        arms.trigger_id,
        arms.arm,
        arms.variant,
        arms.weight_epoch,
        coalesce(policies.goal_event, 'Order Completed') as goal_event,
        case
            when policies.goal_event is null then 'total'
            else policies.goal_value
        end as goal_value,
        contradictions.has_two_arms,
        arms.assigned_at,
        {{ dbt.dateadd(
            'second',
            'coalesce(policies.goal_window_seconds, '
            ~ var('global_holdout_window_days') * 86400 ~ ')',
            'arms.assigned_at',
        ) }} as window_closes_at
    from arms
    inner join contradictions
        on arms.experiment_id = contradictions.experiment_id
            and arms.unit_id = contradictions.unit_id
    left join policies on arms.trigger_id = policies.trigger_id

),

goals as (

    select
        units.assignment_id,
        count(*) as goal_count,
        sum({{ goal_amount('units.goal_value', 'events.properties') }})
            as goal_amount
    from units
    inner join customer_units on units.unit_id = customer_units.unit_id
    inner join events
        on customer_units.customer_id = events.customer_id
            and units.goal_event = events.event_name
            and units.assigned_at <= events.occurred_at
            and units.window_closes_at > events.occurred_at
    group by units.assignment_id

),

final as (

    select
        units.experiment_id,
        units.unit_id,
        units.assignment_id,
        units.trigger_id,
        units.arm,
        units.variant,
        units.weight_epoch,
        coalesce(goals.goal_count, 0) as goal_count,
        coalesce(goals.goal_amount, 0) as goal_amount,
        units.has_two_arms,
        units.window_closes_at <= {{ as_of() }} as is_window_closed,
        units.assigned_at,
        units.window_closes_at
    from units
    left join goals on units.assignment_id = goals.assignment_id

)

select * from final
