with suppressions as (

    select * from {{ source('engine', 'suppressions') }}

),

known as (

    select *
    from suppressions
    where changed_at <= {{ as_of() }}

)

select * from known
