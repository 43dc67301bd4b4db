{#-
    A table: a stage, a score or a suppression changes with time alone. What it
    joins is one row per customer, and built for those concerned.
-#}
{{ config(materialized='table') }}

with units as (

    select * from {{ ref('int_units') }}

),

profiles as (

    select * from {{ ref('int_customer_profiles') }}

),

activities as (

    select * from {{ ref('int_customer_activities') }}

),

cadences as (

    select * from {{ ref('int_customer_cadences') }}

),

lifecycles as (

    select * from {{ ref('int_customer_lifecycles') }}

),

scores as (

    select * from {{ ref('int_customer_rfm') }}

),

reach as (

    select
        customer_id,
        {%- for channel in ['email', 'sms', 'push', 'post'] %}
        max(case when channel = '{{ channel }}' then 1 else 0 end)
            as {{ channel }}_count,
        {%- endfor %}
        count(*) as reachable_channel_count
    from {{ ref('int_customer_channels') }}
    group by customer_id

),

final as (

    select
        units.customer_id,
        profiles.account_id,
        profiles.first_name,
        profiles.last_name,
        profiles.locale,
        profiles.country_code,
        profiles.region,
        profiles.city,
        coalesce(profiles.timezone, 'UTC') as timezone,
        coalesce(lifecycles.lifecycle, 'prospect') as lifecycle,
        coalesce(cadences.order_count, 0) as order_count,
        coalesce(cadences.net_amount, {{ amount(0) }}) as net_amount,
        coalesce(cadences.purchase_day_count, 0) as purchase_day_count,
        coalesce(cadences.repeat_day_count, 0) as repeat_day_count,
        cadences.age_at_last_purchase_days,
        {{ dbt.datediff('cadences.first_purchased_at', as_of(), 'day') }}
            as age_days,
        cadences.median_gap_days,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        coalesce(reach.reachable_channel_count, 0) as reachable_channel_count,
        coalesce(profiles.is_timezone_known, false) as is_timezone_known,
        coalesce(profiles.is_deleted, false) as is_deleted,
        profiles.account_id is not null as has_account,
        activities.signed_up_at is not null as has_signed_up,
        coalesce(cadences.order_count > 0, false) as has_ordered,
        {%- for channel in ['email', 'sms', 'push', 'post'] %}
        coalesce(reach.{{ channel }}_count = 1, false)
            as is_{{ channel }}_reachable,
        {%- endfor %}
        profiles.birth_date,
        activities.signed_up_at,
        cadences.first_ordered_at as first_order_at,
        cadences.last_ordered_at as last_order_at,
        activities.first_active_at,
        activities.last_active_at,
        lifecycles.at_risk_at,
        lifecycles.lapsed_at,
        scores.valid_from as scored_at,
        units.known_at
    from units
    left join profiles on units.customer_id = profiles.customer_id
    left join activities on units.customer_id = activities.customer_id
    left join cadences on units.customer_id = cadences.customer_id
    left join lifecycles on units.customer_id = lifecycles.customer_id
    left join scores on units.customer_id = scores.customer_id
    left join reach on units.customer_id = reach.customer_id

)

select * from final
