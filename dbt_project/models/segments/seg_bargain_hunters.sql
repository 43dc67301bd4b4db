with bargains as (

    select * from {{ ref('int_customer_bargains') }}

),

bargain_hunters as (

    select
        customer_id,
        order_count,
        net_amount,
        reduced_amount,
        last_ordered_at
    from bargains
    where
        order_count >= {{ var('bargain_minimum_orders') }}
        and reduced_amount >= {{ var('bargain_share') }} * net_amount

)

select * from bargain_hunters
