with feedback as (

    select * from {{ source('engine', 'feedback') }}

),

known as (

    select *
    from feedback
    where recorded_at <= {{ as_of() }}

)

select * from known
