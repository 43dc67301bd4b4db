with orders as (

    select *
    from {{ ref('int_orders') }}
    where is_identified and is_net

),

repeat_customers as (

    select
        customer_id,
        count(*) as order_count,
        max(ordered_at) as last_ordered_at
    from orders
    group by customer_id
    having count(*) >= 2

)

select * from repeat_customers
