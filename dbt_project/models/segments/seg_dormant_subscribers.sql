{%- set days = var('dormant_subscriber_days') -%}

with subscribers as (

    select * from {{ ref('seg_newsletter_subscribers') }}

),

activities as (

    select * from {{ ref('int_customer_activities') }}

),

last_signs as (

    select
        subscribers.customer_id,
        subscribers.subscribed_at,
        activities.last_active_at,
        activities.last_clicked_at,
        greatest(
            subscribers.subscribed_at,
            coalesce(activities.last_active_at, subscribers.subscribed_at),
            coalesce(activities.last_clicked_at, subscribers.subscribed_at)
        ) as last_sign_at
    from subscribers
    left join activities on subscribers.customer_id = activities.customer_id

),

dormant_subscribers as (

    select *
    from last_signs
    where {{ dbt.dateadd('day', days, 'last_sign_at') }} <= {{ as_of() }}

)

select * from dormant_subscribers
