with contact_points as (

    select * from {{ source('raw', 'contact_points') }}

),

renamed as (

    select
        id as contact_point_id,
        {{ person_id(json_text('attributes', 'customer_id')) }}
            as customer_id,
        {{ json_text('attributes', 'channel') }} as channel,
        {{ json_text('attributes', 'address') }} as address,
        load_id,
        coalesce(
            {{ json_text('attributes', 'is_primary') }} = 'true', false
        ) as is_primary,
        is_deleted,
        changed_at,
        known_at
    from contact_points
    where known_at <= {{ as_of() }}

)

select * from renamed
