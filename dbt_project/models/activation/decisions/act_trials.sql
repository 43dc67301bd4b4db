with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed

),

policies as (

    select *
    from {{ ref('act_policies') }}
    where purpose = 'marketing'

),

entries as (

    select entries.*
    from {{ resolved_survivors(ref('act_entries')) }} as entries

),

marketed as (

    select
        candidates.*,
        policies.experiment_id,
        policies.salt,
        policies.weight_epoch
    from candidates
    inner join policies on candidates.trigger_id = policies.trigger_id

),

series as (

    select
        marketed.trigger_id,
        marketed.customer_id,
        marketed.series_key,
        min(entries.entered_at) as entered_at
    from (
        select distinct
            trigger_id,
            customer_id,
            series_key
        from marketed
    ) as marketed
    inner join entries
        on marketed.trigger_id = entries.trigger_id
            and marketed.customer_id = entries.survivor_id
            and marketed.series_key = entries.series_key
    group by
        marketed.trigger_id, marketed.customer_id, marketed.series_key

),

{#- A series stays in the quarter in which it began: what was deferred, and
    every later step, is held out of all marketing as its first step was. -#}
trials as (

    select
        marketed.occurrence_id,
        marketed.leg,
        marketed.unit_id,
        marketed.trigger_id,
        marketed.experiment_id,
        marketed.salt,
        marketed.weight_epoch,
        {{ global_experiment(
            'coalesce(series.entered_at, ' ~ as_of() ~ ')'
        ) }} as global_experiment_id,
        marketed.eligible_at
    from marketed
    left join series
        on marketed.trigger_id = series.trigger_id
            and marketed.customer_id = series.customer_id
            and marketed.series_key = series.series_key

)

select * from trials
