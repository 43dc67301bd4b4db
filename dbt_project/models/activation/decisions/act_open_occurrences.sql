with occurrences as (

    select occurrences.*
    from {{ resolved_survivors(ref('act_occurrences')) }} as occurrences

),

sends as (

    select * from {{ ref('act_sends') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

decisions as (

    select * from {{ recorded('act_decisions') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by occurrence_id
            order by decided_at desc, run_id desc
        ) as recency
    from decisions

),

judged as (

    select
        occurrences.*,
        numbered.verdict as last_verdict,
        numbered.reason as last_reason,
        coalesce(
            sends.outcome in (
                'returned', 'rejected', 'failed', 'lapsed', 'abandoned'
            ),
            {#- It lost to a message that was never handed over. #}
            numbered.verdict in ('capped', 'outranked_dropped')
            and standing_runs.run_id is null,
            false
        ) as is_reopened,
        coalesce(numbered.is_final, false) as is_final
    from occurrences
    left join numbered
        on occurrences.occurrence_id = numbered.occurrence_id
            and numbered.recency = 1
    left join standing_runs on numbered.run_id = standing_runs.run_id
    left join sends on occurrences.occurrence_id = sends.occurrence_id

),

open_occurrences as (

    select
        occurrence_id,
        environment,
        brand,
        trigger_id,
        survivor_id as customer_id,
        occurrence_key,
        series_key,
        last_verdict,
        last_reason,
        trigger_version,
        step,
        is_reopened,
        occurred_at,
        eligible_at,
        expires_at,
        cancelled_at
    from judged
    where
        is_reopened
        or (not is_final and coalesce(last_verdict, '') <> 'send')

)

select * from open_occurrences
