with trials as (

    select *
    from {{ ref('act_trials') }}
    where
        global_experiment_id = {{ global_experiment() }}
        and {{ global_holdout_buckets() }} > 0

),

past_arms as (

    select * from {{ ref('act_past_arms') }}

),

{#- Nobody is drawn for a quarter that is over. -#}
entries as (

    select
        trials.unit_id,
        trials.global_experiment_id,
        trials.occurrence_id,
        row_number() over (
            partition by trials.unit_id
            order by trials.eligible_at, trials.occurrence_id
        ) as entry_rank
    from trials
    left join past_arms
        on trials.unit_id = past_arms.unit_id
            and trials.global_experiment_id = past_arms.experiment_id
    where past_arms.unit_id is null

),

draws as (

    select
        global_experiment_id as experiment_id,
        unit_id,
        occurrence_id as entry_occurrence_id,
        {{ global_bucket('unit_id') }} as bucket
    from entries
    where entry_rank = 1

)

select
    experiment_id,
    unit_id,
    case
        when bucket < {{ global_holdout_buckets() }} then 'held_out'
        else 'treated'
    end as arm,
    entry_occurrence_id,
    bucket
from draws
