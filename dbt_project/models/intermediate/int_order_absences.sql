{{ config(meta={'follows_months': true}) }}

with orders as (

    select *
    from {{ affected(ref('int_orders')) }}
    where is_identified

),

favourites as (

    select * from {{ affected(ref('int_order_favourites')) }}

),

windows as (

    select * from {{ affected(ref('int_first_order_windows')) }}
    union all
    select * from {{ affected(ref('int_repeat_order_windows')) }}

),

endings as (

    select
        customer_id,
        order_id,
        event_id,
        ordered_at,
        known_at,
        min(known_at) over (
            partition by customer_id
            order by ordered_at, event_id
            rows between 1 following and unbounded following
        ) as next_order_known_at,
        max(
            coalesce(voided_known_at, {{ far_future() }})
        ) over (
            partition by customer_id
            order by ordered_at, event_id
            rows between unbounded preceding and current row
        ) as last_net_at
    from orders

),

absences as (

    select
        endings.customer_id,
        endings.event_id,
        favourites.product_id,
        favourites.product_name,
        favourites.category,
        endings.ordered_at,
        windows.due_at,
        endings.known_at,
        {{ earliest(
            'endings.next_order_known_at',
            'nullif(endings.last_net_at, ' ~ far_future() ~ ')',
        ) }} as cancelled_at
    from endings
    inner join windows on endings.event_id = windows.event_id
    left join favourites on endings.event_id = favourites.event_id

)

select * from absences
