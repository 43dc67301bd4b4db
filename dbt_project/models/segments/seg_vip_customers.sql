with cadences as (

    select * from {{ ref('int_customer_cadences') }}

),

vip_customers as (

    select
        customer_id,
        order_count,
        net_amount,
        last_ordered_at
    from cadences
    where
        order_count > 0
        and (
            net_amount >= {{ var('vip_net_amount') }}
            or order_count >= {{ var('vip_order_count') }}
        )

)

select * from vip_customers
