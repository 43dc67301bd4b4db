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

stops as (

    select * from {{ ref('act_stops') }}

),

units as (

    select * from {{ ref('int_units') }}

),

ramps as (

    select * from {{ ref('act_ramps') }}

),

policy_countries as (

    select * from {{ ref('act_policy_countries') }}

),

sent as (

    select * from {{ ref('act_sent_legs') }}

),

{#- The first way, by name, that cannot be taken. -#}
unreached as (

    select
        occurrence_id,
        leg,
        failed_reason,
        row_number() over (
            partition by occurrence_id, leg
            order by route
        ) as route_rank
    from reach
    where failed_reason is not null

),

limited_triggers as (

    select distinct trigger_id
    from policy_countries

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
        coalesce(units.unit_id, occurrences.customer_id) as unit_id,
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
                    'over_volume', 'paused', 'blocked_by_quality',
                    'awaiting_approval'
                )
                then 'expired_withheld'
            when occurrences.expires_at <= {{ as_of() }} then 'expired'
            when not policies.is_enabled then 'trigger_disabled'
            when launches.trigger_id is null then 'not_launched'
            when scopes.last_stop = 'paused' then 'scope_paused'
            when scopes.stop = 'blocked' then 'scope_blocked'
            when
                unreached.failed_reason in ('channel_paused', 'channel_blocked')
                then unreached.failed_reason
            when
                ramps.trigger_id is not null
                and {{ ramp_bucket(
                    'occurrences',
                    'coalesce(units.unit_id, occurrences.customer_id)',
                ) }} >= ramps.percent * 100
                then 'ramp'
            when occurrences.cancelled_at <= {{ as_of() }} then 'cancelled'
            when sent.occurrence_id is not null then 'already_sent'
            when
                {{ dbt.dateadd(
                    'second', 'policies.stale_after_seconds',
                    'occurrences.withheld_since',
                ) }} < {{ as_of() }}
                then 'stale'
            when customers.is_deleted then 'customer_deleted'
            when
                policies.purpose = 'marketing'
                and customers.birth_date > {{ youngest_birth_date() }}
                then 'under_age'
            when
                limited_triggers.trigger_id is not null
                and policy_countries.trigger_id is null
                then 'country_excluded'
            else unreached.failed_reason
        end as failed_reason
    from occurrences
    left join policies
        on occurrences.trigger_id = policies.trigger_id
            and occurrences.trigger_version = policies.trigger_version
    left join launches
        on occurrences.trigger_id = launches.trigger_id
            and occurrences.trigger_version = launches.trigger_version
    left join customers on occurrences.customer_id = customers.customer_id
    left join units on occurrences.customer_id = units.customer_id
    left join scopes on occurrences.occurrence_id = scopes.occurrence_id
    left join unreached
        on occurrences.occurrence_id = unreached.occurrence_id
            and occurrences.leg = unreached.leg
            and unreached.route_rank = 1
    left join sent
        on occurrences.occurrence_id = sent.occurrence_id
            and occurrences.leg = sent.leg
    left join ramps on occurrences.trigger_id = ramps.trigger_id
    left join limited_triggers
        on occurrences.trigger_id = limited_triggers.trigger_id
    left join policy_countries
        on occurrences.trigger_id = policy_countries.trigger_id
            and customers.country_code = policy_countries.country_code

)

select * from checked
