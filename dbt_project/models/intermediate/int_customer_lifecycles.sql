{{ config(materialized='view') }}

{%- set default_days = var('at_risk_customer_days') -%}
{%- set least_days = var('at_risk_minimum_days') -%}
{%- set factor = var('at_risk_gap_factor') %}

with cadences as (

    select *
    from {{ ref('int_customer_cadences') }}
    where order_count > 0

),

{#- A habit says when silence is long; before there is one, a default. -#}
silences as (

    select
        *,
        case
            when median_gap_days is null then {{ default_days }}
            else greatest({{ least_days }}, {{ factor }} * median_gap_days)
        end as silence_days
    from cadences

),

instants as (

    select
        customer_id,
        first_order_id,
        order_count,
        first_ordered_at,
        last_ordered_at,
        {{ dbt.dateadd(
            'day', var('new_customer_days'), 'first_ordered_at'
        ) }} as new_until,
        {{ dbt.dateadd(
            'second', 'floor(86400 * silence_days)', 'last_ordered_at'
        ) }} as silent_at,
        {{ dbt.dateadd(
            'day', var('lapsed_customer_days'), 'last_ordered_at'
        ) }} as lapsed_at,
        {{ dbt.dateadd(
            'day', var('lost_customer_days'), 'last_ordered_at'
        ) }} as lost_at
    from silences

),

lifecycles as (

    select
        customer_id,
        first_order_id,
        case
            when new_until > {{ as_of() }} then 'new'
            when lost_at <= {{ as_of() }} then 'lost'
            when lapsed_at <= {{ as_of() }} then 'lapsed'
            when silent_at <= {{ as_of() }} then 'at_risk'
            else 'active'
        end as lifecycle,
        order_count,
        first_ordered_at,
        last_ordered_at,
        new_until,
        least(silent_at, lapsed_at) as at_risk_at,
        lapsed_at,
        lost_at
    from instants

)

select * from lifecycles
