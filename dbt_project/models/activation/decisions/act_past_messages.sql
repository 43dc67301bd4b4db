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

units as (

    select * from {{ ref('int_units') }}

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

{#- What an absorbed customer got counts for the one that is left. -#}
resolved as (

    select
        counted.*,
        coalesce(units.unit_id, counted.unit_id) as survivor_unit_id
    from {{ resolved_survivors('counted') }} as counted
    left join units on counted.survivor_id = units.customer_id

),

past_messages as (

    select
        resolved.survivor_id as customer_id,
        resolved.survivor_unit_id as unit_id,
        resolved.purpose,
        resolved.occurrence_id,
        {{ dbt.datediff(
            local_date(
                'resolved.counted_at', "coalesce(customers.timezone, 'UTC')"
            ),
            local_date(as_of(), "coalesce(customers.timezone, 'UTC')"),
            'day',
        ) }} as days_ago,
        {#- Decided by an earlier pass at this very instant. #}
        coalesce(resolved.decided_at = {{ as_of() }}, false) as is_concurrent
    from resolved
    left join customers on resolved.survivor_id = customers.customer_id

)

select * from past_messages
