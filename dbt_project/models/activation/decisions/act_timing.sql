with draws as (

    select *
    from {{ ref('act_draws') }}
    where held_out_reason is null

),

timing as (

    select
        occurrence_id,
        leg,
        cast(null as {{ dbt.type_string() }}) as timing_reason,
        {{ far_future() }} as closes_at
    from draws

)

select * from timing
