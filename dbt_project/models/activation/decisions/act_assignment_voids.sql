{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

{#-
    What a run drew while its trigger was withheld, until all of it ended, is
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

sends as (

    select decisions.*
    from decisions
    inner join standing_runs on decisions.run_id = standing_runs.run_id
    where decisions.verdict = 'send'

),

treated as (

    select assignments.assignment_id
    from assignments
    inner join sends on assignments.assignment_id = sends.assignment_id
    union
    select assignments.assignment_id
    from assignments
    inner join sends
        on assignments.entry_occurrence_id = sends.occurrence_id

),

followed as (

    select
        occurrence_id,
        reason,
        is_final,
        lag(verdict) over (
            partition by occurrence_id, leg
            order by decided_at, run_id
        ) as verdict_before
    from decisions

),

{#- Whatever ended them, they waited for somebody of ours until then. -#}
withheld as (

    select distinct occurrence_id
    from followed
    where
        reason in ('expired_withheld', 'stale')
        or (
            is_final
            and verdict_before in (
                'over_volume', 'paused', 'blocked_by_quality',
                'awaiting_approval'
            )
        )

),

draws as (

    select
        assignments.trigger_id,
        assignments.assigned_run_id,
        assignments.assigned_at
    from assignments
    left join treated on assignments.assignment_id = treated.assignment_id
    left join withheld
        on assignments.entry_occurrence_id = withheld.occurrence_id
    where assignments.arm = 'treated'
    group by
        assignments.trigger_id, assignments.assigned_run_id,
        assignments.assigned_at
    having
        count(treated.assignment_id) = 0
        and count(withheld.occurrence_id) = count(*)

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
