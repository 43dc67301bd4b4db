with customers as (

    select * from {{ ref('dim_customers') }}

),

loyal_customers as (

    select
        customer_id,
        recency_score,
        frequency_score,
        monetary_score
    from customers
    where
        lifecycle in ('new', 'active')
        and frequency_score >= {{ var('high_score') }}
        and (
            recency_score < {{ var('high_score') }}
            or monetary_score < {{ var('high_score') }}
        )

)

select * from loyal_customers
