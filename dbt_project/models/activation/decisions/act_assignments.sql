{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

-- depends_on: {{ ref('act_assignment_voids') }}
-- depends_on: {{ ref('int_customer_merges') }}
with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed and {{ may_record() }}

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where purpose = 'marketing'

),

variants as (

    select * from {{ ref('act_policy_variants') }}

),

assigned as (
    {% if this and is_incremental() %}
    {#- After a merge the earlier assignment wins. #}
    select
        assignments.experiment_id,
        assignments.survivor_unit_id as unit_id,
        assignments.arm,
        row_number() over (
            partition by assignments.experiment_id, assignments.survivor_unit_id
            order by assignments.assigned_at, assignments.assignment_id
        ) as assignment_rank
    from {{ resolved_units(this) }} as assignments
    left join {{ ref('act_assignment_voids') }} as voids
        on assignments.assignment_id = voids.assignment_id
    where voids.assignment_id is null
    {% else %}
    {{ rows_of(
        {
            'experiment_id': dbt.type_string(), 'unit_id': dbt.type_string(),
            'arm': dbt.type_string(), 'assignment_rank': dbt.type_int(),
        },
        [],
    ) }}
    {% endif %}
),

marketed as (

    select
        candidates.*,
        policies.experiment_id,
        policies.salt,
        policies.weight_epoch,
        row_number() over (
            partition by candidates.unit_id
            order by candidates.eligible_at, candidates.occurrence_id
        ) as global_rank,
        row_number() over (
            partition by candidates.unit_id, policies.experiment_id
            order by candidates.eligible_at, candidates.occurrence_id
        ) as trigger_rank
    from candidates
    inner join policies on candidates.trigger_id = policies.trigger_id

),

global_draws as (

    select
        {{ global_experiment() }} as experiment_id,
        marketed.unit_id,
        cast(null as {{ dbt.type_string() }}) as variant,
        marketed.occurrence_id as entry_occurrence_id,
        cast(null as {{ dbt.type_string() }}) as trigger_id,
        '{{ var("global_holdout_share") }}' as weight_epoch,
        {{ global_bucket('marketed.unit_id') }} as bucket
    from marketed
    left join assigned
        on marketed.unit_id = assigned.unit_id
            and assigned.experiment_id = {{ global_experiment() }}
    where
        marketed.global_rank = 1
        and assigned.unit_id is null
        and {{ global_holdout_buckets() }} > 0

),

globally_held_out as (

    select unit_id
    from global_draws
    where bucket < {{ global_holdout_buckets() }}
    union all
    select unit_id
    from assigned
    where
        experiment_id = {{ global_experiment() }}
        and arm = 'held_out'
        and assignment_rank = 1

),

trigger_draws as (

    select
        marketed.experiment_id,
        marketed.unit_id,
        marketed.occurrence_id as entry_occurrence_id,
        marketed.trigger_id,
        marketed.weight_epoch,
        {{ bucket('marketed.salt', 'marketed.unit_id') }} as bucket
    from marketed
    left join assigned
        on marketed.unit_id = assigned.unit_id
            and marketed.experiment_id = assigned.experiment_id
    left join globally_held_out
        on marketed.unit_id = globally_held_out.unit_id
    where
        marketed.experiment_id is not null
        and marketed.trigger_rank = 1
        and assigned.unit_id is null
        and globally_held_out.unit_id is null

),

draws as (

    select
        experiment_id,
        unit_id,
        case
            when bucket < {{ global_holdout_buckets() }} then 'held_out'
            else 'treated'
        end as arm,
        variant,
        entry_occurrence_id,
        trigger_id,
        weight_epoch,
        bucket
    from global_draws
    union all
    select
        trigger_draws.experiment_id,
        trigger_draws.unit_id,
        variants.arm,
        variants.variant,
        trigger_draws.entry_occurrence_id,
        trigger_draws.trigger_id,
        trigger_draws.weight_epoch,
        trigger_draws.bucket
    from trigger_draws
    inner join variants
        on trigger_draws.trigger_id = variants.trigger_id
            and trigger_draws.bucket >= variants.bucket_from
            and trigger_draws.bucket < variants.bucket_to

)

select
    {{ stable_key(['experiment_id', 'unit_id', 'entry_occurrence_id']) }}
        as assignment_id,
    experiment_id,
    unit_id,
    arm,
    variant,
    entry_occurrence_id,
    trigger_id,
    weight_epoch,
    bucket,
    {{ run_number() }} as assigned_run_id,
    {{ as_of() }} as assigned_at
from draws
