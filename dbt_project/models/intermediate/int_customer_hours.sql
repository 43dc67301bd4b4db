{{ config(materialized='view') }}

with active_hours as (

    select * from {{ ref('int_customer_active_hours') }}

),

hours as (

    select
        customer_id,
        hour_of_week,
        sum(sign_count) as score
    from active_hours
    where
        active_on > cast({{ dbt.dateadd(
            'day', -1 * var('send_time_days'), as_of()
        ) }} as date)
    group by customer_id, hour_of_week

)

select * from hours
