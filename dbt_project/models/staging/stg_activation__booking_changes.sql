with bookings as (

    select * from {{ source('raw', 'bookings') }}

),

renamed as (

    select
        id as booking_id,
        {{ person_id(json_text('attributes', 'customer_id')) }} as customer_id,
        {{ json_text('attributes', 'service_id') }} as service_id,
        {{ json_text('attributes', 'kind') }} as kind,
        {{ json_text('attributes', 'status') }} as status,
        {{ json_text('attributes', 'place') }} as place,
        load_id,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'due_at')) }} as due_at,
        {{ safe_timestamp(json_text('attributes', 'ends_at')) }} as ends_at,
        changed_at,
        known_at
    from bookings
    where known_at <= {{ as_of() }}

)

select * from renamed
