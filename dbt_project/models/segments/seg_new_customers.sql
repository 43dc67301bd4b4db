with orders as (

    select *
    from {{ ref('int_orders') }}
    where is_identified and is_net

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by ordered_at, order_id
        ) as order_number
    from orders

),

new_customers as (

    select
        customer_id,
        order_id as first_order_id,
        ordered_at as first_ordered_at
    from numbered
    where
        order_number = 1
        and {{ dbt.dateadd(
            'day', var('new_customer_days'), 'ordered_at'
        ) }} > {{ as_of() }}

)

select * from new_customers
