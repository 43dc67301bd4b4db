with steps as (

    select * from {{ ref('act_policy_ramps') }}

),

numbered as (

    select
        trigger_id,
        percent,
        row_number() over (
            partition by trigger_id
            order by starts_at desc, percent desc
        ) as recency
    from steps
    where starts_at <= {{ as_of() }}

),

{#- Before its first step nobody takes part. -#}
ramps as (

    select
        triggers.trigger_id,
        coalesce(numbered.percent, 0) as percent
    from (select distinct trigger_id from steps) as triggers
    left join numbered
        on triggers.trigger_id = numbered.trigger_id
            and numbered.recency = 1

)

select * from ramps
