with quality_blocks as (

    select * from {{ source('engine', 'quality_blocks') }}

),

known as (

    select *
    from quality_blocks
    where created_at <= {{ as_of() }}

)

select * from known
