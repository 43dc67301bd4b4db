with subscriptions as (

    select * from {{ source('raw', 'subscriptions') }}

),

renamed as (

    select
        id as subscription_id,
        {{ person_id(json_text('attributes', 'customer_id')) }} as customer_id,
        {{ json_text('attributes', 'product_id') }} as product_id,
        {{ json_text('attributes', 'plan') }} as plan,
        {{ json_text('attributes', 'status') }} as status,
        {{ json_text('attributes', 'currency') }} as currency_code,
        load_id,
        {{ json_number('attributes', 'price') }} as price_amount,
        coalesce(
            {{ json_text('attributes', 'is_renewing') }} = 'true', false
        ) as is_renewing,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'started_at')) }}
            as started_at,
        {{ safe_timestamp(json_text('attributes', 'ends_at')) }} as ends_at,
        changed_at,
        known_at
    from subscriptions
    where known_at <= {{ as_of() }}

)

select * from renamed
