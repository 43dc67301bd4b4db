with activities as (

    select
        customer_id,
        last_added_at,
        last_checkout_at,
        last_repeated_view_at,
        coalesce(last_order_at, {{ far_past() }}) as last_order_at,
        greatest(
            coalesce(last_added_at, {{ far_past() }}),
            coalesce(last_checkout_at, {{ far_past() }}),
            coalesce(last_repeated_view_at, {{ far_past() }})
        ) as last_sign_at
    from {{ ref('int_customer_activities') }}

),

high_intent_customers as (

    select
        customer_id,
        last_sign_at,
        last_added_at,
        last_checkout_at,
        last_repeated_view_at
    from activities
    where
        last_sign_at > last_order_at
        and {{ dbt.dateadd('day', var('high_intent_days'), 'last_sign_at') }}
        > {{ as_of() }}

)

select * from high_intent_customers
