with places as (

    select distinct
        place_id,
        timezone,
        country_code,
        region
    from {{ ref('int_customer_places') }}

),

zones as (

    select * from {{ ref('country_zones') }}

),

markets as (
    {{ market_rows() }}
),

{#- Who may be in any country is in all markets at once. -#}
place_countries as (

    select
        place_id,
        timezone,
        country_code,
        region
    from places
    where country_code is not null
    union all
    select
        places.place_id,
        places.timezone,
        markets.country_code,
        cast(null as {{ dbt.type_string() }}) as region
    from places
    cross join markets
    where places.country_code is null

),

{#- Of the regions of a country those that keep the known zone, if any does. -#}
place_zones as (

    select
        place_countries.place_id,
        place_countries.timezone as known_timezone,
        zones.timezone,
        zones.country_code,
        coalesce(zones.region, '') as region,
        max(
            case
                when zones.timezone = place_countries.timezone then 1 else 0
            end
        ) over (
            partition by place_countries.place_id, zones.country_code
        ) as has_known_timezone
    from place_countries
    inner join zones
        on place_countries.country_code = zones.country_code
            and (
                place_countries.region is null
                or place_countries.region = zones.region
            )

),

members as (

    select distinct
        place_id,
        coalesce(known_timezone, timezone) as timezone,
        country_code,
        region
    from place_zones
    where
        known_timezone is null
        or has_known_timezone = 0
        or timezone = known_timezone

)

select * from members
