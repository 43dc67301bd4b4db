with lifecycles as (

    select * from {{ ref('int_customer_lifecycles') }}

),

new_customers as (

    select
        customer_id,
        first_order_id,
        first_ordered_at
    from lifecycles
    where new_until > {{ as_of() }}

)

select * from new_customers
