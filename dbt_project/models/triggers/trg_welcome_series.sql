with signups as (

    select
        customer_id,
        event_id,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where event_name = 'Signed Up' and is_identified

),

orders as (

    select *
    from {{ affected(ref('int_orders')) }}

),

consent_changes as (

    select *
    from {{ affected(ref('int_consent_changes')) }}
    where purpose = 'marketing' and brand = 'default'

),

steps as (
    {{ trigger_steps(var('welcome_series_steps_days')) }}
),

{#- Each confirmed grant with the moment its withdrawal, if any, was known. -#}
grants as (

    select
        grants.customer_id,
        grants.contact_point_id,
        grants.channel,
        grants.changed_at,
        grants.known_at,
        min(withdrawals.known_at) as withdrawn_known_at
    from consent_changes as grants
    left join consent_changes as withdrawals
        on grants.contact_point_id = withdrawals.contact_point_id
            and grants.channel = withdrawals.channel
            and withdrawals.status = 'withdrawn'
            and grants.changed_at <= withdrawals.changed_at
    where grants.status = 'granted' and grants.is_confirmed
    group by
        grants.customer_id, grants.contact_point_id, grants.channel,
        grants.changed_at, grants.known_at

),

welcomes as (

    select
        signups.customer_id,
        signups.event_id,
        signups.occurred_at as signed_up_at,
        greatest(signups.occurred_at, grants.changed_at) as occurred_at,
        greatest(
            signups.occurred_at, grants.changed_at,
            signups.known_at, grants.known_at
        ) as known_at,
        grants.withdrawn_known_at,
        row_number() over (
            partition by signups.event_id
            order by
                greatest(
                    signups.occurred_at, grants.changed_at,
                    signups.known_at, grants.known_at
                ),
                grants.changed_at, grants.contact_point_id, grants.channel
        ) as grant_number
    from signups
    inner join grants on signups.customer_id = grants.customer_id
    where
        grants.withdrawn_known_at is null
        or grants.withdrawn_known_at > greatest(
            signups.occurred_at, grants.changed_at,
            signups.known_at, grants.known_at
        )

),

purchases as (

    select
        signups.event_id,
        min(orders.known_at) as bought_known_at
    from signups
    inner join orders
        on signups.customer_id = orders.customer_id
            and signups.occurred_at <= orders.ordered_at
    group by signups.event_id

),

stepped as (

    select
        welcomes.customer_id,
        welcomes.event_id || ':' || cast(
            steps.step as {{ dbt.type_string() }}
        ) as occurrence_key,
        welcomes.event_id as series_key,
        steps.step,
        welcomes.occurred_at,
        {{ dbt.dateadd(
            'day', 'steps.due_offset', 'welcomes.occurred_at'
        ) }} as due_at,
        welcomes.known_at,
        case
            when steps.step = 1 then welcomes.withdrawn_known_at
            else {{ earliest(
                'welcomes.withdrawn_known_at', 'purchases.bought_known_at'
            ) }}
        end as cancelled_at
    from welcomes
    left join purchases on welcomes.event_id = purchases.event_id
    cross join steps
    where welcomes.grant_number = 1

),

occurrences as (

    select
        customer_id,
        occurrence_key,
        series_key,
        step,
        occurred_at,
        greatest(due_at, known_at) as eligible_at,
        {{ dbt.dateadd(
            'day', var('welcome_series_lifetime_days'), 'due_at'
        ) }} as expires_at,
        cancelled_at,
        {{ occurrence_context() }} as context
    from stepped

)

select *
from occurrences
where {{ is_occurrence() }}
