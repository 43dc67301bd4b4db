{%- set text = dbt.type_string() -%}

with policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select * from {{ ref('act_policy_channels') }}

),

rules as (

    select * from {{ ref('quiet_hours') }}

),

send_windows as (

    select * from {{ ref('act_policy_windows') }}

),

freezes as (

    select * from {{ ref('act_freezes') }}

),

places as (

    select distinct
        country_code,
        region
    from {{ ref('act_place_members') }}

),

areas as (

    select distinct
        policies.time_profile,
        policies.brand,
        policies.purpose,
        channels.channel,
        places.country_code,
        places.region
    from policies
    inner join channels on policies.trigger_id = channels.trigger_id
    cross join places

),

{#- The rules of '*' are for countries that have none of their own. -#}
ruled as (

    select
        areas.*,
        rules.local_from,
        rules.local_to,
        rules.days,
        rules.holidays,
        case when rules.country_code = '*' then 0 else 1 end as is_own,
        max(case when rules.country_code = '*' then 0 else 1 end) over (
            partition by
                areas.time_profile, areas.brand, areas.channel,
                areas.country_code, areas.region
        ) as has_own
    from areas
    inner join rules
        on rules.channel in ('*', areas.channel)
            and rules.purpose in ('*', areas.purpose)
            and rules.country_code in ('*', areas.country_code)
            and coalesce(rules.region, areas.region) = areas.region

),

limits as (

    select
        time_profile,
        brand,
        channel,
        country_code,
        region,
        'quiet_hours' as reason,
        local_from,
        local_to,
        days,
        holidays as holidays_allowed,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from ruled
    where is_own = has_own
    union all
    select
        areas.time_profile,
        areas.brand,
        areas.channel,
        areas.country_code,
        areas.region,
        'send_window' as reason,
        send_windows.local_from,
        send_windows.local_to,
        send_windows.days,
        send_windows.holidays_allowed,
        cast(null as date) as starts_on,
        cast(null as date) as ends_on
    from areas
    inner join send_windows
        on areas.time_profile = send_windows.time_profile
    union all
    select
        areas.time_profile,
        areas.brand,
        areas.channel,
        areas.country_code,
        areas.region,
        'frozen' as reason,
        cast(null as {{ text }}) as local_from,
        cast(null as {{ text }}) as local_to,
        cast(null as {{ text }}) as days,
        true as holidays_allowed,
        freezes.starts_on,
        freezes.ends_on
    from areas
    inner join freezes
        on coalesce(freezes.purpose, areas.purpose) = areas.purpose
            and coalesce(freezes.channel, areas.channel) = areas.channel
            and coalesce(freezes.brand, areas.brand) = areas.brand
            and coalesce(freezes.country_code, areas.country_code)
            = areas.country_code

)

select * from limits
