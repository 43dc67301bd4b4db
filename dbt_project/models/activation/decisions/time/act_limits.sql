{%- set text = dbt.type_string() -%}

with area_limits as (

    select * from {{ ref('act_area_limits') }}

),

members as (

    select * from {{ ref('act_place_members') }}

),

{#- Where holidays are days like others, the country makes no difference. -#}
limits as (

    select distinct
        area_limits.time_profile,
        area_limits.brand,
        area_limits.channel,
        members.place_id,
        area_limits.reason,
        members.timezone,
        area_limits.local_from,
        area_limits.local_to,
        area_limits.days,
        case when not area_limits.holidays_allowed then members.country_code end
            as holiday_country_code,
        case when not area_limits.holidays_allowed then members.region end
            as holiday_region,
        area_limits.starts_on,
        area_limits.ends_on
    from area_limits
    inner join members
        on area_limits.country_code = members.country_code
            and area_limits.region = members.region

)

select
    *,
    reason || '|' || timezone
    || '|' || coalesce(local_from, '')
    || '|' || coalesce(local_to, '')
    || '|' || coalesce(days, '')
    || '|' || coalesce(holiday_country_code, '')
    || '|' || coalesce(holiday_region, '')
    || '|' || coalesce(cast(starts_on as {{ text }}), '')
    || '|' || coalesce(cast(ends_on as {{ text }}), '') as limit_id
from limits
