with audience_members as (

    select * from {{ source('engine', 'audience_members') }}

),

known as (

    select *
    from audience_members
    where changed_at <= {{ as_of() }}

)

select * from known
