with changes as (

    select * from {{ affected(ref('int_value_changes')) }}

),

voids as (

    select *
    from changes
    where order_count_change = -1

),

orders as (

    select
        changes.user_id,
        changes.ordered_at,
        changes.known_at,
        voids.known_at as voided_known_at
    from changes
    left join voids
        on changes.user_id = voids.user_id
            and changes.order_id = voids.order_id
    where changes.order_count_change = 1

),

lasting_orders as (

    select
        user_id,
        known_at,
        max(ordered_at) as ordered_at
    from orders
    where voided_known_at is null
    group by user_id, known_at

),

instants as (

    select
        customer_id,
        user_id,
        known_at,
        sum(order_count_change) as order_count_change,
        sum(amount_change) as amount_change
    from changes
    group by customer_id, user_id, known_at

),

running as (

    select
        instants.customer_id,
        instants.user_id,
        instants.known_at,
        sum(instants.order_count_change) over (
            partition by instants.user_id
            order by instants.known_at
        ) as order_count,
        sum(instants.amount_change) over (
            partition by instants.user_id
            order by instants.known_at
        ) as net_amount,
        max(lasting_orders.ordered_at) over (
            partition by instants.user_id
            order by instants.known_at
        ) as lasting_ordered_at,
        lead(instants.known_at) over (
            partition by instants.user_id
            order by instants.known_at
        ) as known_until
    from instants
    left join lasting_orders
        on instants.user_id = lasting_orders.user_id
            and instants.known_at = lasting_orders.known_at

),

{#- Orders that were void later were last orders while they stood. -#}
passing_orders as (

    select
        instants.user_id,
        instants.known_at,
        max(orders.ordered_at) as passing_ordered_at
    from instants
    inner join orders
        on instants.user_id = orders.user_id
            and instants.known_at >= orders.known_at
            and instants.known_at < orders.voided_known_at
    group by instants.user_id, instants.known_at

),

user_values as (

    select
        running.user_id,
        running.customer_id,
        {{ whole('running.order_count') }} as order_count,
        {{ amount('greatest(running.net_amount, 0)') }} as net_amount,
        case
            when passing_orders.passing_ordered_at is null
                then running.lasting_ordered_at
            when
                running.lasting_ordered_at > passing_orders.passing_ordered_at
                then running.lasting_ordered_at
            else passing_orders.passing_ordered_at
        end as last_ordered_at,
        running.known_at,
        coalesce(running.known_until, {{ far_future() }}) as known_until
    from running
    left join passing_orders
        on running.user_id = passing_orders.user_id
            and running.known_at = passing_orders.known_at

)

select * from user_values
