{{
    config(
        unique_key='load_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

{#- As delivered, and by the ids that events themselves name: neither a merge
    nor a sign-in changes later what was bought or looked at together. -#}
with events as (

    select *
    from {{ ref('stg_activation__events') }}
    where {{ is_new_load(ref('stg_activation__events')) }}

),

orders as (

    select
        user_id,
        {{ json_array('properties', 'products') }} as products,
        load_id,
        occurred_at,
        known_at
    from events
    where event_name = 'Order Completed' and user_id is not null

),

bought as (

    select
        'bought' as basis,
        orders.user_id as basket_id,
        {{ json_text('lines.element', 'product_id') }} as product_id,
        {{ json_text('lines.element', 'category') }} as category,
        orders.load_id,
        orders.occurred_at,
        orders.known_at
    from orders
    cross join {{ json_elements('orders.products') }} as lines
    where lines.position <= {{ var('affinity_basket_products') }}

),

viewed as (

    select
        'viewed' as basis,
        coalesce(anonymous_id, user_id) || ':' || cast(
            cast(occurred_at as date) as {{ dbt.type_string() }}
        ) as basket_id,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'category') }} as category,
        load_id,
        occurred_at,
        known_at
    from events
    where event_name = 'Product Viewed'

),

baskets as (

    select * from bought
    union all
    select * from viewed

),

basket_products as (

    select
        basis,
        basket_id,
        product_id,
        max(category) as category,
        load_id,
        cast(occurred_at as date) as occurred_date,
        min(known_at) as known_at
    from baskets
    where product_id is not null
    group by basis, basket_id, product_id, load_id, cast(occurred_at as date)

)

select * from basket_products
