with events as (

    select
        event_id,
        event_name,
        customer_id,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'wishlist_id') }} as wishlist_id,
        {{ json_text('properties', 'name') }} as product_name,
        {{ json_text('properties', 'category') }} as category,
        {{ json_text('properties', 'currency') }} as currency_code,
        {{ json_number('properties', 'price') }} as price_amount,
        is_identified,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where
        event_name in ('Wishlist Product Added', 'Wishlist Product Removed')

),

followed as (

    select
        *,
        min(
            case when event_name = 'Wishlist Product Removed' then known_at end
        ) over (
            partition by customer_id, product_id, wishlist_id
            order by occurred_at, event_id
            rows between 1 following and unbounded following
        ) as removed_known_at,
        min(
            case
                when event_name = 'Wishlist Product Removed' then occurred_at
            end
        ) over (
            partition by customer_id, product_id, wishlist_id
            order by occurred_at, event_id
            rows between 1 following and unbounded following
        ) as removed_at
    from events

),

wishes as (

    select
        event_id,
        customer_id,
        product_id,
        wishlist_id,
        product_name,
        category,
        currency_code,
        price_amount,
        is_identified,
        occurred_at as added_at,
        removed_at,
        known_at,
        removed_known_at
    from followed
    where event_name = 'Wishlist Product Added' and product_id is not null

)

select * from wishes
