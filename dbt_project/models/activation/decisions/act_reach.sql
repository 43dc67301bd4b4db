with occurrences as (

    select * from {{ ref('act_open_occurrences') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

{#- Whoever is eligible is so in every arm, so each way that a variant may take
    is looked at before anything is drawn. -#}
channels as (

    select
        trigger_id,
        channel,
        variant as route,
        position
    from {{ ref('act_policy_channels') }}
    where is_route

),

contact_points as (

    select *
    from {{ ref('dim_contact_points') }}
    where not is_deleted

),

consents as (

    select *
    from {{ ref('dim_consents') }}
    where purpose = 'marketing'

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

deliveries as (

    select * from {{ ref('act_deliveries') }}

),

rejections as (

    select distinct
        {{ json_scalar('occurrences.element') }} as occurrence_id,
        deliveries.channel,
        deliveries.contact_point
    from deliveries
    cross join {{ json_elements('deliveries.occurrence_ids') }} as occurrences
    where deliveries.state = 'rejected'

),

points as (

    select
        occurrences.occurrence_id,
        occurrences.leg,
        channels.route,
        contact_points.contact_point_id,
        contact_points.contact_point,
        channels.channel,
        policies.brand,
        policies.purpose,
        policies.basis,
        channels.position,
        coalesce(contact_points.is_primary, false) as is_primary,
        coalesce(contact_points.is_valid, false) as is_valid
    from occurrences
    inner join policies on occurrences.trigger_id = policies.trigger_id
    inner join channels
        on occurrences.trigger_id = channels.trigger_id
            and channels.channel
            = coalesce(nullif(occurrences.leg, ''), channels.channel)
    left join contact_points
        on occurrences.customer_id = contact_points.customer_id
            and channels.channel = contact_points.channel

),

checked as (

    select
        points.*,
        case
            when stops.stop = 'paused' then 'channel_paused'
            when stops.stop = 'blocked' then 'channel_blocked'
            when points.contact_point_id is null then 'no_contact_point'
            when
                points.purpose = 'marketing'
                and points.basis <> 'consent'
                and consents.status = 'withdrawn' then 'objected'
            when points.purpose <> 'marketing' or points.basis <> 'consent'
                then null
            when consents.status is null then 'never_granted'
            when consents.status <> 'granted' then 'consent_withdrawn'
            when not consents.is_confirmed then 'not_confirmed'
        end as forbidden_reason,
        case
            when suppressions.purpose = 'all' then 'suppressed_all'
            when suppressions.purpose is not null then 'suppressed_marketing'
            when not points.is_valid then 'invalid_contact_point'
            when rejections.occurrence_id is not null
                then 'rejected_contact_point'
        end as unusable_reason
    from points
    left join consents
        on points.contact_point_id = consents.contact_point_id
            and points.channel = consents.channel
            and points.brand = consents.brand
    left join suppressions
        on points.contact_point = suppressions.contact_point
            and points.channel = coalesce(suppressions.channel, points.channel)
            and points.brand = coalesce(suppressions.brand, points.brand)
            and suppressions.purpose in ('all', points.purpose)
    left join stops on stops.scope = 'channel:' || points.channel
    left join rejections
        on points.occurrence_id = rejections.occurrence_id
            and points.channel = rejections.channel
            and points.contact_point = rejections.contact_point

),

ranked as (

    select
        *,
        coalesce(forbidden_reason, unusable_reason) as failed_reason,
        row_number() over (
            partition by occurrence_id, leg, route
            order by
                case
                    when coalesce(forbidden_reason, unusable_reason) is null
                        then 0
                    else 1
                end,
                position,
                case when is_primary then 0 else 1 end,
                contact_point_id,
                coalesce(forbidden_reason, unusable_reason)
        ) as preference
    from checked

),

reach as (

    select
        occurrence_id,
        leg,
        route,
        contact_point_id,
        contact_point,
        channel,
        failed_reason
    from ranked
    where preference = 1

)

select * from reach
