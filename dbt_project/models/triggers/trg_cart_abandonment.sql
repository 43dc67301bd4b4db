with changes as (

    select *
    from {{ affected(ref('int_cart_changes')) }}
    where is_identified

),

conversions as (

    select
        customer_id,
        occurred_at,
        known_at
    from {{ affected(ref('int_events')) }}
    where event_name in ('Checkout Started', 'Order Completed')

),

steps as (
    {{ trigger_steps(var('cart_abandonment_steps_hours')) }}
),

converted as (

    select
        changes.event_id,
        min(conversions.known_at) as converted_known_at
    from changes
    inner join conversions
        on changes.customer_id = conversions.customer_id
            and changes.occurred_at <= conversions.occurred_at
    group by changes.event_id

),

stepped as (

    select
        changes.*,
        steps.step,
        greatest(
            {{ dbt.dateadd(
                'hour', 'steps.due_offset', 'changes.occurred_at'
            ) }},
            changes.known_at
        ) as eligible_at,
        {{ dbt.dateadd(
            'hour', var('cart_abandonment_lifetime_hours'),
            'changes.occurred_at'
        ) }} as expires_at,
        {{ earliest(
            'changes.next_change_known_at', 'converted.converted_known_at'
        ) }} as cancelled_at
    from changes
    left join converted on changes.event_id = converted.event_id
    cross join steps
    where not changes.is_empty

),

due as (

    select *
    from stepped
    where {{ is_occurrence() }}

),

last_steps as (

    select
        changes.event_id,
        max(due.step) as last_step
    from changes
    left join due on changes.event_id = due.event_id
    group by changes.event_id

),

{#- How far the series had come when the change was made. -#}
progress as (

    select
        changes.event_id,
        max(last_steps.last_step) over (
            partition by changes.customer_id, changes.opening_event_id
            order by changes.occurred_at, changes.event_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_step
    from changes
    inner join last_steps on changes.event_id = last_steps.event_id

),

occurrences as (

    select
        due.customer_id,
        due.event_id || ':' || cast(
            due.step as {{ dbt.type_string() }}
        ) as occurrence_key,
        due.opening_event_id as series_key,
        due.step,
        due.occurred_at,
        due.eligible_at,
        due.expires_at,
        due.cancelled_at,
        {{ occurrence_context({
            'items': json_document('due.items'),
            'amount': json_real('due.cart_amount'),
            'currency_code': 'due.currency_code',
            'url': "'" ~ var('cart_url') ~ "'",
        }) }} as context
    from due
    inner join progress on due.event_id = progress.event_id
    where due.step > coalesce(progress.earlier_step, 0)

)

select * from occurrences
