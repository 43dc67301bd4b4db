with approvals as (

    select * from {{ ref('stg_engine__approvals') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by trigger_id, plan_digest
            order by sequence desc, copied_at desc
        ) as recency
    from approvals

),

answers as (

    select
        trigger_id,
        plan_digest,
        verdict,
        decided_by,
        decided_at
    from numbered
    where recency = 1

)

select * from answers
