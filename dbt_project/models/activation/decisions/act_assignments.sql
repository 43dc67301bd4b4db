{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

with trials as (

    select *
    from {{ ref('act_trials') }}
    where {{ may_record() }}

),

variants as (

    select * from {{ ref('act_policy_variants') }}

),

past_arms as (

    select * from {{ ref('act_past_arms') }}

),

global_draws as (

    select *
    from {{ ref('act_global_draws') }}
    where {{ may_record() }}

),

globally_held_out as (

    select
        experiment_id,
        unit_id
    from global_draws
    where arm = 'held_out'
    union all
    select
        experiment_id,
        unit_id
    from past_arms
    where arm = 'held_out' and {{ global_holdout_buckets() }} > 0

),

{#- Triggers of one salt share the assignment, by the odds of the first due. -#}
entries as (

    select
        trials.*,
        row_number() over (
            partition by trials.unit_id, trials.experiment_id
            order by trials.eligible_at, trials.occurrence_id
        ) as entry_rank
    from trials
    left join globally_held_out
        on trials.unit_id = globally_held_out.unit_id
            and trials.global_experiment_id = globally_held_out.experiment_id
    left join past_arms
        on trials.unit_id = past_arms.unit_id
            and trials.experiment_id = past_arms.experiment_id
    where
        trials.experiment_id is not null
        and globally_held_out.unit_id is null
        and past_arms.unit_id is null

),

trigger_draws as (

    select
        *,
        {{ bucket('salt', 'unit_id') }} as bucket
    from entries
    where entry_rank = 1

),

draws as (

    select
        experiment_id,
        unit_id,
        arm,
        cast(null as {{ dbt.type_string() }}) as variant,
        entry_occurrence_id,
        cast(null as {{ dbt.type_string() }}) as trigger_id,
        '{{ var("global_holdout_share") }}' as weight_epoch,
        bucket
    from global_draws
    union all
    select
        trigger_draws.experiment_id,
        trigger_draws.unit_id,
        variants.arm,
        variants.variant,
        trigger_draws.occurrence_id as entry_occurrence_id,
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
