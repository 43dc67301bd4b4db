with recorded_assignments as (

    select * from {{ recorded('act_assignments') }}

),

resolved as (

    select resolved.*
    from {{ resolved_units('recorded_assignments') }} as resolved

),

voids as (

    select * from {{ ref('act_assignment_voids') }}

),

numbered as (

    select
        resolved.*,
        row_number() over (
            partition by resolved.experiment_id, resolved.survivor_unit_id
            order by resolved.assigned_at, resolved.assignment_id
        ) as assignment_rank
    from resolved
    left join voids on resolved.assignment_id = voids.assignment_id
    where voids.assignment_id is null

),

past_arms as (

    select
        assignment_id,
        experiment_id,
        survivor_unit_id as unit_id,
        arm
    from numbered
    where assignment_rank = 1

)

select * from past_arms
