{%- set sessions_before = (var('high_intent_sessions') | int) - 1 -%}

with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where
        is_identified
        and event_name not in ({{ passive_events() }})

),

views as (

    select *
    from {{ affected(ref('int_product_views')) }}
    where is_identified

),

{#- Until when a session would be the last of several within the window. -#}
counted_views as (

    select
        customer_id,
        session_started_at,
        last_viewed_at,
        {{ dbt.dateadd(
            'day',
            var('high_intent_days'),
            'lag(session_started_at, ' ~ sessions_before ~ ') over ('
            ~ 'partition by customer_id, product_id '
            ~ 'order by session_started_at, session_id)',
        ) }} as repeated_until
    from views

),

repeated_views as (

    select
        customer_id,
        max(last_viewed_at) as last_repeated_view_at
    from counted_views
    where session_started_at <= repeated_until
    group by customer_id

),

deeds as (

    select
        customer_id,
        count(*) as event_count,
        min(
            case when event_name = 'Signed Up' then occurred_at end
        ) as signed_up_at,
        max(
            case when event_name = 'Product Added' then occurred_at end
        ) as last_added_at,
        max(
            case when event_name = 'Checkout Started' then occurred_at end
        ) as last_checkout_at,
        max(
            case when event_name = 'Order Completed' then occurred_at end
        ) as last_order_at,
        min(occurred_at) as first_active_at,
        max(occurred_at) as last_active_at,
        max(known_at) as known_at
    from events
    group by customer_id

),

{#- A person's click is a sign of life, though it opens a page of which nothing
    may be known. -#}
clicks as (

    select
        customer_id,
        max(occurred_at) as last_clicked_at
    from {{ affected(ref('int_message_responses')) }}
    where kind = 'clicked' and responder = 'likely_human'
    group by customer_id

),

activities as (

    select
        deeds.customer_id,
        deeds.event_count,
        deeds.signed_up_at,
        deeds.last_added_at,
        deeds.last_checkout_at,
        repeated_views.last_repeated_view_at,
        deeds.last_order_at,
        clicks.last_clicked_at,
        deeds.first_active_at,
        deeds.last_active_at,
        deeds.known_at
    from deeds
    left join repeated_views on deeds.customer_id = repeated_views.customer_id
    left join clicks on deeds.customer_id = clicks.customer_id

)

select * from activities
