with decisions as (

    select * from {{ recorded('act_decisions') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

judged as (

    select
        occurrence_id,
        coalesce(leg, '') as leg,
        verdict,
        reason,
        run_id,
        is_final,
        decided_at,
        verdict in (
            'paused', 'blocked_by_quality', 'over_volume', 'awaiting_approval'
        ) as is_withheld
    from decisions

),

numbered as (

    select
        *,
        row_number() over (
            partition by occurrence_id, leg
            order by decided_at desc, run_id desc
        ) as recency,
        {#- How many later verdicts, this one included, let it go. #}
        sum(case when is_withheld then 0 else 1 end) over (
            partition by occurrence_id, leg
            order by decided_at desc, run_id desc
            rows between unbounded preceding and current row
        ) as free_count
    from judged

),

histories as (

    select
        occurrence_id,
        leg,
        max(case when recency = 1 then verdict end) as last_verdict,
        max(case when recency = 1 then reason end) as last_reason,
        max(case when recency = 1 then run_id end) as last_run_id,
        max(case when recency = 1 and is_final then 1 else 0 end) = 1
            as is_final,
        min(case when free_count = 0 then decided_at end) as withheld_since
    from numbered
    group by occurrence_id, leg

),

final as (

    select
        histories.occurrence_id,
        histories.leg,
        histories.last_verdict,
        histories.last_reason,
        histories.is_final,
        standing_runs.run_id is not null as is_standing,
        histories.withheld_since
    from histories
    left join standing_runs on histories.last_run_id = standing_runs.run_id

)

select * from final
