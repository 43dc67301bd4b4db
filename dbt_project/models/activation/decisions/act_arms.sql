with assignments as (

    select assignments.*
    from {{ resolved_units(ref('act_assignments')) }} as assignments

),

voids as (

    select * from {{ ref('act_assignment_voids') }}

),

numbered as (

    select
        assignments.*,
        row_number() over (
            partition by assignments.experiment_id, assignments.survivor_unit_id
            order by assignments.assigned_at, assignments.assignment_id
        ) as assignment_rank
    from assignments
    left join voids on assignments.assignment_id = voids.assignment_id
    where voids.assignment_id is null

),

arms as (

    select
        assignment_id,
        experiment_id,
        survivor_unit_id as unit_id,
        arm,
        variant,
        trigger_id,
        bucket,
        assigned_at
    from numbered
    where assignment_rank = 1

)

select * from arms
