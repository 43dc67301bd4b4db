with lifecycles as (

    select * from {{ ref('int_customer_lifecycles') }}

),

repeat_customers as (

    select
        customer_id,
        order_count,
        last_ordered_at
    from lifecycles
    where order_count >= 2

)

select * from repeat_customers
