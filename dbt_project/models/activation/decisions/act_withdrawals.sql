with decisions as (

    select decisions.*
    from {{ resolved_survivors(ref('act_decisions')) }} as decisions
    where decisions.verdict = 'send'

),

occurrences as (

    select * from {{ ref('act_occurrences') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

contact_points as (

    select * from {{ ref('dim_contact_points') }}

),

consents as (

    select *
    from {{ ref('dim_consents') }}
    where purpose = 'marketing' and status = 'withdrawn'

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

refusals as (

    select *
    from {{ ref('act_approvals') }}
    where verdict = 'refuse'

),

{#- Every send that nobody knows the end of is looked at again. -#}
checked as (

    select
        decisions.decision_id,
        max(case when policies.trigger_id is null then 1 else 0 end)
            as is_gone,
        count(
            case when occurrences.cancelled_at <= {{ as_of() }} then 1 end
        ) as cancellation_count,
        max(case when consents.status is not null then 1 else 0 end)
            as is_consent_withdrawn,
        max(case when suppressions.purpose is not null then 1 else 0 end)
            as is_suppressed,
        max(
            case
                when
                    contact_points.contact_point is null
                    or contact_points.is_deleted
                    or contact_points.contact_point <> decisions.contact_point
                    then 1
                else 0
            end
        ) as is_moved,
        max(case when customers.is_deleted then 1 else 0 end) as is_deleted,
        max(case when not policies.is_enabled then 1 else 0 end) as is_disabled,
        max(case when refusals.plan_digest is not null then 1 else 0 end)
            as is_refused,
        max(stops.stop) as stop
    from decisions
    inner join occurrences
        on decisions.occurrence_id = occurrences.occurrence_id
    left join policies
        on decisions.trigger_id = policies.trigger_id
            and decisions.trigger_version = policies.trigger_version
    left join customers on decisions.survivor_id = customers.customer_id
    left join contact_points
        on decisions.contact_point_id = contact_points.contact_point_id
    left join consents
        on decisions.contact_point_id = consents.contact_point_id
            and decisions.channel = consents.channel
            and decisions.brand = consents.brand
            and policies.purpose = 'marketing'
    left join suppressions
        on decisions.contact_point = suppressions.contact_point
            and decisions.channel
            = coalesce(suppressions.channel, decisions.channel)
            and decisions.brand = coalesce(suppressions.brand, decisions.brand)
            and suppressions.purpose in ('all', policies.purpose)
    left join refusals
        on decisions.trigger_id = refusals.trigger_id
            and decisions.plan_digest = refusals.plan_digest
    left join stops
        on stops.scope = 'all'
            or stops.scope = 'trigger:' || decisions.trigger_id
            or stops.scope = 'channel:' || decisions.channel
            or stops.scope = 'brand:' || decisions.brand
            or stops.scope = 'country:' || customers.country_code
    where decisions.send_not_after > {{ as_of() }}
    group by decisions.decision_id

),

withdrawals as (

    select
        decision_id,
        case
            when is_gone = 1 then 'trigger_gone'
            when is_disabled = 1 then 'trigger_disabled'
            when cancellation_count > 0 then 'cancelled'
            when is_deleted = 1 then 'customer_deleted'
            when is_consent_withdrawn = 1 then 'consent_withdrawn'
            when is_suppressed = 1 then 'suppressed'
            when is_moved = 1 then 'contact_point_changed'
            when is_refused = 1 then 'approval_refused'
            when stop = 'paused' then 'paused'
            when stop = 'blocked' then 'blocked_by_quality'
        end as withdrawn_reason
    from checked

)

select *
from withdrawals
where withdrawn_reason is not null
