with contest as (

    select *
    from {{ ref('act_contest') }}
    where reason = 'chosen'

),

guards as (

    select
        occurrence_id,
        '' as leg,
        cast(null as {{ dbt.type_string() }}) as guard_reason,
        cast(null as {{ dbt.type_string() }}) as plan_digest
    from contest

)

select * from guards
