with pauses as (

    select * from {{ ref('stg_engine__pauses') }}

),

quality_blocks as (

    select * from {{ ref('stg_engine__quality_blocks') }}

),

latest_pauses as (

    select
        scope,
        is_lifted,
        row_number() over (
            partition by scope
            order by sequence desc, copied_at desc
        ) as recency
    from pauses

),

stops as (

    select
        scope,
        'paused' as stop
    from latest_pauses
    where recency = 1 and not is_lifted
    union
    select
        scope,
        'blocked' as stop
    from quality_blocks
    where
        created_at <= {{ as_of() }}
        and (until is null or until > {{ as_of() }})

)

select * from stops
