with occurrences as (

    select * from {{ ref('act_eligibility') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

recorded_entries as (

    select * from {{ recorded('act_entries') }}

),

entries as (

    select entries.*
    from {{ resolved_survivors('recorded_entries') }} as entries

),

{#- Check (4), for those that passed (1) to (3) and have not entered before. -#}
newcomers as (

    select distinct
        occurrences.occurrence_id,
        occurrences.trigger_id,
        occurrences.customer_id,
        occurrences.series_key,
        occurrences.step,
        occurrences.eligible_at,
        policies.after_step,
        policies.reentry_seconds,
        policies.min_gap_seconds
    from occurrences
    inner join policies on occurrences.trigger_id = policies.trigger_id
    left join entries on occurrences.occurrence_id = entries.occurrence_id
    where occurrences.failed_reason is null and entries.occurrence_id is null

),

histories as (

    select
        newcomers.occurrence_id,
        count(
            case when entries.series_key = newcomers.series_key then 1 end
        ) > 0 as has_series_entered,
        max(
            case
                when
                    entries.series_key = newcomers.series_key
                    and entries.step = newcomers.step - 1
                    then entries.entered_at
            end
        ) as previous_entered_at,
        max(
            case
                when entries.series_key <> newcomers.series_key
                    then entries.entered_at
            end
        ) as other_entered_at
    from newcomers
    left join entries
        on newcomers.trigger_id = entries.trigger_id
            and newcomers.customer_id = entries.survivor_id
    group by newcomers.occurrence_id

),

ordered as (

    select
        newcomers.*,
        histories.has_series_entered,
        case
            when newcomers.step = 1 or newcomers.after_step = 'none' then null
            when
                histories.previous_entered_at < {{ as_of() }}
                and {{ dbt.dateadd(
                    'second',
                    'coalesce(newcomers.min_gap_seconds, 0)',
                    'histories.previous_entered_at',
                ) }} <= {{ as_of() }}
                then null
            else 'waits_for_step'
        end as step_reason,
        case
            when
                not histories.has_series_entered
                and {{ dbt.dateadd(
                    'second',
                    'newcomers.reentry_seconds',
                    'histories.other_entered_at',
                ) }} > {{ as_of() }}
                then 'reentry'
        end as reentry_reason
    from newcomers
    inner join histories on newcomers.occurrence_id = histories.occurrence_id

),

{#- Of several series that would start at once, the earliest does. -#}
starting as (

    select
        occurrence_id,
        series_key,
        first_value(series_key) over (
            partition by trigger_id, customer_id
            order by eligible_at, occurrence_id
            rows between unbounded preceding and current row
        ) as first_series_key
    from ordered
    where
        step_reason is null
        and reentry_reason is null
        and not has_series_entered
        and reentry_seconds > 0

),

candidates as (

    select
        occurrences.*,
        coalesce(
            occurrences.failed_reason,
            ordered.step_reason,
            ordered.reentry_reason,
            case
                when starting.series_key <> starting.first_series_key
                    then 'reentry'
            end
        ) as check_reason
    from occurrences
    left join ordered on occurrences.occurrence_id = ordered.occurrence_id
    left join starting on occurrences.occurrence_id = starting.occurrence_id

)

select
    *,
    check_reason is null as is_passed
from candidates
