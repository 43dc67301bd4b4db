with delivery_changes as (

    select * from {{ source('engine', 'delivery_changes') }}

),

known as (

    select *
    from delivery_changes
    where changed_at <= {{ as_of() }}

)

select * from known
