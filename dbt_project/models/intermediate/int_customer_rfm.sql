{#- A new month moves everybody, a late past that month's quintiles. -#}
{{ config(meta={'follows_months': true}) }}

with vintages as (

    select * from {{ ref('int_rfm_vintages') }}

),

user_values as (

    select *
    from {{ affected(ref('int_user_values')) }}
    where order_count > 0

),

in_force as (

    select max(valid_from) as valid_from
    from vintages

),

boundaries as (

    select
        vintages.valid_from,
        vintages.valid_to,
        {{ rfm_boundaries() }}
    from vintages
    inner join in_force on vintages.valid_from = in_force.valid_from
    group by vintages.valid_from, vintages.valid_to

),

known as (

    select
        user_values.customer_id,
        sum(user_values.order_count) as order_count,
        sum(user_values.net_amount) as net_amount,
        max(user_values.last_ordered_at) as last_ordered_at
    from user_values
    inner join in_force
        on user_values.known_at <= in_force.valid_from
            and user_values.known_until > in_force.valid_from
    group by user_values.customer_id

),

measured as (

    select
        customer_id,
        order_count,
        net_amount,
        last_ordered_at,
        {{ rfm_measures()['recency'] }} as recency,
        {{ rfm_measures()['frequency'] }} as frequency,
        {{ rfm_measures()['monetary'] }} as monetary
    from known

),

scored as (

    select
        measured.customer_id,
        {{ rfm_score('recency') }} as recency_score,
        {{ rfm_score('frequency') }} as frequency_score,
        {{ rfm_score('monetary') }} as monetary_score,
        {{ whole('measured.order_count') }} as order_count,
        {{ amount('measured.net_amount') }} as net_amount,
        measured.last_ordered_at,
        boundaries.valid_from,
        boundaries.valid_to
    from measured
    cross join boundaries

)

select * from scored
