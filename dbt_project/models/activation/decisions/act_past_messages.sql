{{ config(materialized='view') }}

with deliveries as (

    select *
    from {{ ref('act_deliveries') }}
    where state in ('claimed', 'accepted', 'delivered', 'bounced', 'unknown')

),

{#- What a digest carries is one message, that of its carrier. -#}
sends as (

    select *
    from {{ ref('act_sends') }}
    where decision_id = carrier_decision_id

),

concurrent_sends as (

    select *
    from sends
    where decided_at = {{ as_of() }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

places as (

    select * from {{ ref('int_customer_places') }}

),

counted as (

    select
        brand,
        trigger_id,
        customer_id,
        unit_id,
        contact_point,
        channel,
        purpose,
        decision_id,
        coalesce(accepted_at, claimed_at, changed_at) as counted_at
    from deliveries
    union all
    {#- A reservation may go out at any moment, so it counts now. #}
    select
        sends.brand,
        sends.trigger_id,
        sends.customer_id,
        sends.unit_id,
        sends.contact_point,
        sends.channel,
        coalesce(policies.purpose, 'marketing') as purpose,
        sends.decision_id,
        {{ as_of() }} as counted_at
    from sends
    left join policies on sends.trigger_id = policies.trigger_id
    where sends.outcome = 'reserved'

),

{#- What an absorbed customer got counts for the one that is left. Zones begin
    their days at quarters of an hour, of which there are fewer than messages. -#}
remembered as (

    select
        counted.*,
        coalesce(places.day_zone, 'UTC') as day_zone,
        places.country_code,
        places.region,
        {{ quarter_hour('counted.counted_at') }} as quarter_hour
    from {{ resolved_survivors('counted') }} as counted
    left join places on counted.survivor_id = places.customer_id
    where
        counted.counted_at > {{ dbt.dateadd(
            'hour', -1 * cap_memory_hours(), as_of()
        ) }}

),

quarters as (

    select distinct
        day_zone,
        quarter_hour
    from remembered

),

days as (

    select
        day_zone,
        quarter_hour,
        {{ dbt.datediff(
            local_date(instant_of_quarter_hour('quarter_hour'), 'day_zone'),
            local_date(as_of(), 'day_zone'),
            'day',
        ) }} as days_ago
    from quarters

),

past_messages as (

    select
        remembered.survivor_id as customer_id,
        remembered.contact_point,
        remembered.unit_id,
        remembered.channel,
        remembered.brand,
        remembered.purpose,
        policies.cap_group,
        remembered.country_code,
        remembered.region,
        remembered.trigger_id,
        concurrent_sends.occurrence_id,
        days.days_ago,
        {{ dbt.datediff('remembered.counted_at', as_of(), 'second') }}
            as seconds_ago,
        concurrent_sends.decision_id is not null as is_concurrent
    from remembered
    inner join days
        on remembered.day_zone = days.day_zone
            and remembered.quarter_hour = days.quarter_hour
    left join policies on remembered.trigger_id = policies.trigger_id
    left join concurrent_sends
        on remembered.decision_id = concurrent_sends.decision_id

)

select * from past_messages
