with approvals as (

    select * from {{ source('engine', 'approvals') }}

),

known as (

    select *
    from approvals
    where decided_at <= {{ as_of() }}

)

select * from known
