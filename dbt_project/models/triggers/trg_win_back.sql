{#- A new month's product intervals move occurrences of first orders. -#}
{{ config(meta={'follows_months': true}) }}

with absences as (

    select * from {{ affected(ref('int_order_absences')) }}

),

steps as (
    {{ trigger_steps(var('win_back_steps_days')) }}
),

stepped as (

    select
        absences.*,
        steps.step,
        {{ dbt.dateadd('day', 'steps.due_offset', 'absences.due_at') }}
            as step_due_at,
        {{ dbt.dateadd('day', 'steps.next_offset', 'absences.due_at') }}
            as next_due_at,
        {{ dbt.dateadd(
            'day', var('win_back_lifetime_days'), 'absences.ordered_at'
        ) }} as lapses_at
    from absences
    cross join steps

),

occurrences as (

    select
        customer_id,
        event_id || ':' || cast(
            step as {{ dbt.type_string() }}
        ) as occurrence_key,
        event_id as series_key,
        step,
        ordered_at as occurred_at,
        greatest(step_due_at, known_at) as eligible_at,
        {{ earliest('next_due_at', 'lapses_at') }} as expires_at,
        cancelled_at,
        {{ occurrence_context({
            'last_order_at': 'cast(ordered_at as ' ~ dbt.type_string() ~ ')',
            'days': dbt.datediff('ordered_at', 'step_due_at', 'day'),
            'favourite_category': 'category',
            'favourite_product': 'product_name',
            'favourite_product_id': 'product_id',
        }) }} as context
    from stepped

)

select *
from occurrences
where {{ is_occurrence() }}
