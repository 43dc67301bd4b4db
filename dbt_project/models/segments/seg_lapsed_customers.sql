with orders as (

    select *
    from {{ ref('int_orders') }}
    where is_identified and is_net

),

last_orders as (

    select
        customer_id,
        count(*) as order_count,
        max(ordered_at) as last_ordered_at
    from orders
    group by customer_id

),

lapsed_customers as (

    select *
    from last_orders
    where
        {{ dbt.dateadd(
            'day', var('lapsed_customer_days'), 'last_ordered_at'
        ) }} <= {{ as_of() }}

)

select * from lapsed_customers
