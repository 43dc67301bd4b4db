with runs as (

    select * from {{ source('engine', 'runs') }}

),

known as (

    select *
    from runs
    where as_of <= {{ as_of() }}

)

select * from known
