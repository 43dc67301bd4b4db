{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

{#-
    What a run drew while its trigger was withheld, until all of it expired, is
    void in both arms: the treated were never treated.
-#}
with assignments as (

    select *
    from {{ recorded('act_assignments') }}
    where trigger_id is not null

),

decisions as (

    select * from {{ recorded('act_decisions') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

outcomes as (

    select
        decisions.occurrence_id,
        count(
            case when decisions.verdict = 'send' then standing_runs.run_id end
        ) as send_count,
        max(
            case when decisions.reason = 'expired_withheld' then 1 else 0 end
        ) as withheld_count
    from decisions
    left join standing_runs on decisions.run_id = standing_runs.run_id
    group by decisions.occurrence_id

),

draws as (

    select
        assignments.trigger_id,
        assignments.assigned_run_id,
        assignments.assigned_at
    from assignments
    left join outcomes
        on assignments.entry_occurrence_id = outcomes.occurrence_id
    where assignments.arm = 'treated'
    group by
        assignments.trigger_id, assignments.assigned_run_id,
        assignments.assigned_at
    having
        sum(coalesce(outcomes.send_count, 0)) = 0
        and min(coalesce(outcomes.withheld_count, 0)) = 1

),

voids as (

    select
        assignments.assignment_id,
        'withheld' as reason,
        {{ run_number() }} as run_id,
        {{ as_of() }} as voided_at
    from assignments
    inner join draws
        on assignments.trigger_id = draws.trigger_id
            and assignments.assigned_run_id = draws.assigned_run_id
            and assignments.assigned_at = draws.assigned_at
    {% if this and is_incremental() -%}
    left join {{ this }} as voided
        on assignments.assignment_id = voided.assignment_id
    where voided.assignment_id is null and {{ may_record() }}
    {%- else -%}
    where {{ may_record() }}
    {%- endif %}

)

select * from voids
