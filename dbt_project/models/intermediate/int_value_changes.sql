{#-
    By the user that events name, and in known time: so that a past month sees
    what was known then, whoever turned out since to be the same person or to
    own a device. A refund that names no known order is the user's own.
-#}
with orders as (

    select * from {{ affected(ref('int_user_orders')) }}

),

reversals as (

    select * from {{ ref('int_order_reversals') }}

),

refunds as (

    select
        event_id,
        customer_id,
        user_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        {{ amount(json_number('properties', 'total')) }} as refunded_amount,
        known_at
    from {{ affected(ref('int_events')) }}
    where user_id = profile_id and event_name = 'Order Refunded'

),

known_orders as (

    select
        order_id,
        min(known_at) as known_at
    from {{ ref('int_order_references') }}
    where event_name = 'Order Completed' and {{ is_needed() }}
    group by order_id

),

reversed as (

    select
        orders.*,
        case
            when reversals.is_cancellation then orders.gross_amount
            else coalesce(reversals.refunded_amount, orders.gross_amount)
        end as refunded_amount,
        reversals.event_id as reversal_id,
        greatest(orders.known_at, reversals.known_at) as reversed_known_at
    from orders
    inner join reversals on orders.order_id = reversals.order_id

),

{#- Together they take no more from an order than it came to. -#}
running as (

    select
        *,
        least(gross_amount, sum(refunded_amount) over (
            partition by event_id
            order by reversed_known_at, reversal_id
            rows between unbounded preceding and current row
        )) as refunded_so_far
    from reversed

),

taken as (

    select
        *,
        refunded_so_far - coalesce(lag(refunded_so_far) over (
            partition by event_id
            order by reversed_known_at, reversal_id
        ), 0) as taken_amount
    from running

),

unnamed as (

    select refunds.*
    from refunds
    left join known_orders
        on refunds.order_id = known_orders.order_id
            and refunds.known_at >= known_orders.known_at
    where known_orders.order_id is null and refunds.refunded_amount > 0

),

{#- An order counts until the refund that leaves nothing of it. -#}
changes as (

    select
        event_id,
        customer_id,
        user_id,
        order_id,
        1 as order_count_change,
        gross_amount as amount_change,
        ordered_at,
        known_at
    from orders
    union all
    select
        reversal_id as event_id,
        customer_id,
        user_id,
        order_id,
        case
            when refunded_so_far = gross_amount then -1 else 0
        end as order_count_change,
        {{ amount('-taken_amount') }} as amount_change,
        ordered_at,
        reversed_known_at as known_at
    from taken
    where taken_amount > 0
    union all
    select
        event_id,
        customer_id,
        user_id,
        cast(null as {{ dbt.type_string() }}) as order_id,
        0 as order_count_change,
        {{ amount('-refunded_amount') }} as amount_change,
        cast(null as {{ dbt.type_timestamp() }}) as ordered_at,
        known_at
    from unnamed

)

select * from changes
