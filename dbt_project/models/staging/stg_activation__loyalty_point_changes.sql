with loyalty_points as (

    select * from {{ source('raw', 'loyalty_points') }}

),

renamed as (

    select
        id as balance_id,
        {{ person_id(json_text('attributes', 'customer_id')) }} as customer_id,
        {{ json_text('attributes', 'order_id') }} as order_id,
        {{ json_text('attributes', 'reason') }} as reason,
        load_id,
        {{ json_number('attributes', 'balance') }} as balance_points,
        {{ json_number('attributes', 'change') }} as change_points,
        {{ json_number('attributes', 'expiring') }} as expiring_points,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'expires_at')) }}
            as expires_at,
        changed_at,
        known_at
    from loyalty_points
    where known_at <= {{ as_of() }}

)

select * from renamed
