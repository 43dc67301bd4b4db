with occurrences as (

    select * from {{ ref('act_open_occurrences') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

launches as (

    select * from {{ ref('act_launches') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

reach as (

    select * from {{ ref('act_reach') }}

),

deliveries as (

    select * from {{ ref('act_deliveries') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

sent as (

    select distinct
        {{ json_scalar('occurrences.element') }} as occurrence_id
    from deliveries
    cross join {{ json_elements('deliveries.occurrence_ids') }} as occurrences
    where deliveries.state not in ('planned', 'returned', 'rejected', 'failed')

),

scopes as (

    select
        occurrences.occurrence_id,
        min(stops.stop) as stop,
        max(stops.stop) as last_stop
    from occurrences
    left join customers on occurrences.customer_id = customers.customer_id
    inner join stops
        on stops.scope = 'all'
            or stops.scope = 'trigger:' || occurrences.trigger_id
            or stops.scope = 'brand:' || occurrences.brand
            or stops.scope = 'country:' || customers.country_code
    group by occurrences.occurrence_id

),

{#- Checks (1) to (3), in their order; an occurrence that ended while it waited
    is over, whatever it waited for. -#}
checked as (

    select
        occurrences.*,
        reach.contact_point_id,
        reach.contact_point,
        reach.channel,
        policies.priority,
        case
            when policies.trigger_id is null then 'trigger_gone'
            when
                launches.trigger_id is not null
                and occurrences.eligible_at < launches.live_from
                then 'before_live'
            when
                occurrences.expires_at <= {{ as_of() }}
                and occurrences.last_verdict in (
                    'over_volume', 'paused', 'blocked_by_quality'
                )
                then 'expired_withheld'
            when occurrences.expires_at <= {{ as_of() }} then 'expired'
            when not policies.is_enabled then 'trigger_disabled'
            when launches.trigger_id is null then 'not_launched'
            when scopes.last_stop = 'paused' then 'scope_paused'
            when scopes.stop = 'blocked' then 'scope_blocked'
            when reach.failed_reason in ('channel_paused', 'channel_blocked')
                then reach.failed_reason
            when occurrences.cancelled_at <= {{ as_of() }} then 'cancelled'
            when sent.occurrence_id is not null then 'already_sent'
            when customers.is_deleted then 'customer_deleted'
            when
                policies.purpose = 'marketing'
                and customers.birth_date > {{ youngest_birth_date() }}
                then 'under_age'
            else reach.failed_reason
        end as failed_reason
    from occurrences
    left join policies
        on occurrences.trigger_id = policies.trigger_id
            and occurrences.trigger_version = policies.trigger_version
    left join launches
        on occurrences.trigger_id = launches.trigger_id
            and occurrences.trigger_version = launches.trigger_version
    left join customers on occurrences.customer_id = customers.customer_id
    left join reach on occurrences.occurrence_id = reach.occurrence_id
    left join scopes on occurrences.occurrence_id = scopes.occurrence_id
    left join sent on occurrences.occurrence_id = sent.occurrence_id

)

select * from checked
