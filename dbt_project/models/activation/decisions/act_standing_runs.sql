with runs as (

    select * from {{ ref('stg_engine__runs') }}

),

{#- Nobody announces what is built by hand. -#}
standing as (

    select run_id
    from runs
    where announced_at is not null
    union
    select {{ run_number() }} as run_id
    union
    select 0 as run_id

)

select * from standing
