with policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select * from {{ ref('act_policy_channels') }}

),

places as (

    select distinct place_id
    from {{ ref('act_place_members') }}

),

limits as (

    select * from {{ ref('act_limits') }}

),

profiles as (

    select distinct
        policies.time_profile,
        policies.brand,
        channels.channel
    from policies
    inner join channels on policies.trigger_id = channels.trigger_id

),

{#- Places with the same limits share the hours that follow from them. -#}
limited as (

    select
        time_profile,
        brand,
        channel,
        place_id,
        {{ md5_hex(json_array_agg('limit_id', 'limit_id')) }} as calendar_id
    from limits
    group by time_profile, brand, channel, place_id

),

calendars as (

    select
        profiles.time_profile,
        profiles.brand,
        profiles.channel,
        places.place_id,
        limited.calendar_id
    from profiles
    cross join places
    left join limited
        on profiles.time_profile = limited.time_profile
            and profiles.brand = limited.brand
            and profiles.channel = limited.channel
            and places.place_id = limited.place_id

)

select * from calendars
