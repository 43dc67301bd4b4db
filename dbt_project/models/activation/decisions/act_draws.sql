with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed

),

drawn_arms as (

    select * from {{ ref('act_drawn_arms') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select * from {{ ref('act_policy_channels') }}

),

reach as (

    select * from {{ ref('act_reach') }}

),

places as (

    select * from {{ ref('int_customer_places') }}

),

draws as (

    select
        candidates.occurrence_id,
        candidates.leg,
        candidates.brand,
        candidates.trigger_id,
        candidates.customer_id,
        candidates.unit_id,
        policies.purpose,
        candidates.priority,
        candidates.eligible_at,
        candidates.expires_at,
        {{ dbt.dateadd(
            'second', 'drawn_arms.delay_seconds', 'candidates.eligible_at'
        ) }} as due_at,
        reach.channel,
        reach.contact_point_id,
        reach.contact_point,
        drawn_arms.variant,
        coalesce(drawn_arms.sender, policies.sender) as sender,
        drawn_arms.subject,
        drawn_arms.offer,
        channels.template,
        policies.cap_group,
        policies.digest,
        policies.on_cap,
        policies.quiet_hours,
        policies.time_profile,
        places.place_id,
        places.country_code,
        places.region,
        drawn_arms.assignment_id,
        drawn_arms.held_out_reason
    from candidates
    inner join drawn_arms
        on candidates.occurrence_id = drawn_arms.occurrence_id
            and candidates.leg = drawn_arms.leg
    inner join policies on candidates.trigger_id = policies.trigger_id
    left join reach
        on candidates.occurrence_id = reach.occurrence_id
            and candidates.leg = reach.leg
            and drawn_arms.route = reach.route
    left join channels
        on candidates.trigger_id = channels.trigger_id
            and reach.channel = channels.channel
            and drawn_arms.template_variant = channels.variant
    left join places on candidates.customer_id = places.customer_id

)

select * from draws
