with lifecycles as (

    select * from {{ ref('int_customer_lifecycles') }}

),

lapsed_customers as (

    select
        customer_id,
        order_count,
        last_ordered_at
    from lifecycles
    where lapsed_at <= {{ as_of() }}

)

select * from lapsed_customers
