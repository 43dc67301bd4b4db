with products as (

    select * from {{ source('raw', 'products') }}

),

renamed as (

    select
        id as product_id,
        {{ json_text('attributes', 'name') }} as product_name,
        {{ json_text('attributes', 'category') }} as category,
        {{ json_text('attributes', 'currency') }} as currency_code,
        {{ json_text('attributes', 'url') }} as product_url,
        {{ json_text('attributes', 'image_url') }} as image_url,
        {{ json_array('attributes', 'complements') }} as complements,
        load_id,
        {{ json_number('attributes', 'price') }} as price_amount,
        {{ json_number('attributes', 'stock') }} as stock_count,
        is_deleted,
        changed_at,
        known_at
    from products
    where known_at <= {{ as_of() }}

)

select * from renamed
