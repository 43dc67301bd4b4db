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

{#- A member of all marketing's control group is one for its quarter. -#}
quarters as (

    select distinct
        experiment_id,
        {{ global_quarter('experiment_id') }} as starts_at
    from numbered
    where trigger_id is null and experiment_id like 'global:%'

),

arms as (

    select
        numbered.assignment_id,
        numbered.experiment_id,
        numbered.survivor_unit_id as unit_id,
        numbered.arm,
        numbered.variant,
        numbered.trigger_id,
        numbered.weight_epoch,
        numbered.bucket,
        coalesce(quarters.starts_at, numbered.assigned_at) as member_from,
        {{ dbt.dateadd('month', 3, 'quarters.starts_at') }} as member_to,
        numbered.assigned_at
    from numbered
    left join quarters on numbered.experiment_id = quarters.experiment_id
    where numbered.assignment_rank = 1

)

select * from arms
