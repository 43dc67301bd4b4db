with customers as (

    select * from {{ ref('dim_customers') }}

),

champions as (

    select
        customer_id,
        recency_score,
        frequency_score,
        monetary_score
    from customers
    where
        lifecycle in ('new', 'active')
        and recency_score >= {{ var('high_score') }}
        and frequency_score >= {{ var('high_score') }}
        and monetary_score >= {{ var('high_score') }}

)

select * from champions
