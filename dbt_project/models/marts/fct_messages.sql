{{ config(tags=['decisions', 'outcomes']) }}

with deliveries as (

    select deliveries.*
    from {{ resolved_survivors(ref('act_deliveries')) }} as deliveries

),

policies as (

    select * from {{ ref('act_policies') }}

),

orders as (

    select * from {{ ref('int_orders') }}

),

followed as (

    select
        deliveries.message_key,
        orders.order_id,
        orders.currency_code,
        orders.net_amount,
        orders.ordered_at,
        row_number() over (
            partition by deliveries.message_key
            order by orders.ordered_at, orders.order_id
        ) as order_number
    from deliveries
    inner join policies on deliveries.trigger_id = policies.trigger_id
    inner join orders
        on deliveries.survivor_id = orders.customer_id
            and deliveries.accepted_at <= orders.ordered_at
            and {{ dbt.dateadd(
                'second', 'policies.goal_window_seconds',
                'deliveries.accepted_at',
            ) }} > orders.ordered_at

),

messages as (

    select
        deliveries.message_key,
        deliveries.decision_id,
        deliveries.environment,
        deliveries.brand,
        deliveries.trigger_id,
        deliveries.survivor_id as customer_id,
        deliveries.unit_id,
        deliveries.purpose,
        deliveries.channel,
        deliveries.destination,
        deliveries.template,
        deliveries.variant,
        deliveries.state,
        deliveries.reason,
        followed.order_id,
        followed.currency_code,
        deliveries.trigger_version,
        deliveries.run_id,
        followed.net_amount,
        deliveries.claimed_at,
        deliveries.accepted_at,
        deliveries.changed_at,
        followed.ordered_at
    from deliveries
    left join followed
        on deliveries.message_key = followed.message_key
            and followed.order_number = 1

)

select * from messages
