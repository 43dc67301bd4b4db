with order_lines as (

    select * from {{ affected(ref('int_order_lines')) }}

),

ranked as (

    select
        customer_id,
        event_id,
        order_id,
        product_id,
        product_name,
        category,
        row_number() over (
            partition by event_id
            order by line_amount desc nulls last, order_line_id
        ) as line_rank
    from order_lines

),

favourites as (

    select
        customer_id,
        event_id,
        order_id,
        product_id,
        product_name,
        category
    from ranked
    where line_rank = 1

)

select * from favourites
