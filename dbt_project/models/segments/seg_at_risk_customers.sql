with lifecycles as (

    select * from {{ ref('int_customer_lifecycles') }}

),

at_risk_customers as (

    select
        customer_id,
        order_count,
        last_ordered_at,
        at_risk_at,
        lapsed_at
    from lifecycles
    where lifecycle = 'at_risk'

)

select * from at_risk_customers
