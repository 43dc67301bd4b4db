with views as (

    select
        event_id,
        customer_id,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'name') }} as product_name,
        {{ json_text('properties', 'category') }} as category,
        {{ json_text('properties', 'currency') }} as currency_code,
        {{ json_number('properties', 'price') }} as price_amount,
        is_identified,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where event_name = 'Product Viewed'

),

sessions as (

    select
        session_id,
        customer_id,
        started_at,
        ended_at
    from {{ affected(ref('int_sessions')) }}
    where product_view_count > 0

),

{# Sessions of a customer do not overlap: a view lies in exactly one. #}
numbered as (

    select
        sessions.session_id,
        views.customer_id,
        views.product_id,
        views.product_name,
        views.category,
        views.currency_code,
        views.price_amount,
        views.is_identified,
        views.occurred_at,
        views.known_at,
        sessions.started_at as session_started_at,
        row_number() over (
            partition by
                views.customer_id, sessions.session_id, views.product_id
            order by views.occurred_at desc, views.event_id desc
        ) as recency
    from views
    inner join sessions
        on views.customer_id = sessions.customer_id
            and views.occurred_at between sessions.started_at
            and sessions.ended_at
    where views.product_id is not null

),

product_views as (

    select
        session_id,
        customer_id,
        product_id,
        max(case when recency = 1 then product_name end) as product_name,
        max(case when recency = 1 then category end) as category,
        max(case when recency = 1 then currency_code end) as currency_code,
        count(*) as view_count,
        max(case when recency = 1 then price_amount end) as price_amount,
        max(case when is_identified then 1 else 0 end) = 1 as is_identified,
        session_started_at,
        min(occurred_at) as first_viewed_at,
        max(occurred_at) as last_viewed_at,
        min(known_at) as first_known_at,
        max(known_at) as known_at
    from numbered
    group by session_id, customer_id, product_id, session_started_at

)

select * from product_views
