with pauses as (

    select * from {{ source('engine', 'pauses') }}

),

known as (

    select *
    from pauses
    where changed_at <= {{ as_of() }}

)

select * from known
