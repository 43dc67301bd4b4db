with deliveries as (

    select * from {{ ref('act_deliveries') }}

),

sends as (

    select * from {{ ref('act_sends') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

counted as (

    select
        deliveries.customer_id,
        deliveries.unit_id,
        deliveries.purpose,
        sends.occurrence_id,
        coalesce(
            deliveries.accepted_at, deliveries.claimed_at, deliveries.changed_at
        ) as counted_at,
        sends.decided_at
    from deliveries
    left join sends on deliveries.decision_id = sends.decision_id
    where
        deliveries.state in (
            'claimed', 'accepted', 'delivered', 'bounced', 'unknown'
        )
    union all
    {#- A reservation may go out at any moment, so it counts today. #}
    select
        sends.customer_id,
        sends.unit_id,
        coalesce(policies.purpose, 'marketing') as purpose,
        sends.occurrence_id,
        {{ as_of() }} as counted_at,
        sends.decided_at
    from sends
    left join policies on sends.trigger_id = policies.trigger_id
    where sends.outcome = 'reserved'

),

past_messages as (

    select
        counted.customer_id,
        counted.unit_id,
        counted.purpose,
        counted.occurrence_id,
        {{ dbt.datediff(
            local_date(
                'counted.counted_at', "coalesce(customers.timezone, 'UTC')"
            ),
            local_date(as_of(), "coalesce(customers.timezone, 'UTC')"),
            'day',
        ) }} as days_ago,
        {#- Decided by an earlier pass at this very instant. #}
        coalesce(counted.decided_at = {{ as_of() }}, false) as is_concurrent
    from counted
    left join customers on counted.customer_id = customers.customer_id

)

select * from past_messages
