with customers as (

    select customer_id
    from {{ affected(ref('int_unit_customers')) }}

),

profiles as (

    select
        customer_id,
        country_code,
        {{ lowered(trimmed('region')) }} as spelling,
        case when is_timezone_known then timezone end as timezone
    from {{ affected(ref('int_customer_profiles')) }}

),

zones as (

    select * from {{ ref('country_zones') }}

),

markets as (
    {{ market_rows() }}
),

{#- A region is called by its code, that behind the country's, or its name. -#}
spellings as (

    select
        country_code,
        region,
        {{ lowered('region') }} as spelling
    from zones
    where region is not null
    union
    select
        country_code,
        region,
        {{ lowered("country_code || '-' || region") }} as spelling
    from zones
    where region is not null
    union
    select
        country_code,
        region,
        {{ lowered('region_name') }} as spelling
    from zones
    where region is not null and region_name is not null

),

regions as (

    select
        country_code,
        spelling,
        min(region) as region
    from spellings
    group by country_code, spelling

),

ranked_zones as (

    select
        country_code,
        region,
        timezone,
        row_number() over (
            partition by country_code
            order by position, coalesce(region, ''), timezone
        ) as country_rank,
        row_number() over (
            partition by country_code, region
            order by position, timezone
        ) as region_rank
    from zones

),

{#- By whose calendar the days of somebody are counted who may be anywhere. -#}
house_zones as (

    select ranked_zones.timezone
    from ranked_zones
    inner join markets on ranked_zones.country_code = markets.country_code
    where ranked_zones.country_rank = 1 and markets.market_position = 1

),

recognised as (

    select
        customers.customer_id,
        profiles.timezone,
        main_zones.country_code,
        regions.region,
        coalesce(
            profiles.timezone,
            region_zones.timezone,
            main_zones.timezone,
            house_zones.timezone,
            'UTC'
        ) as day_zone
    from customers
    left join profiles on customers.customer_id = profiles.customer_id
    left join ranked_zones as main_zones
        on profiles.country_code = main_zones.country_code
            and main_zones.country_rank = 1
    left join regions
        on profiles.country_code = regions.country_code
            and profiles.spelling = regions.spelling
    left join ranked_zones as region_zones
        on regions.country_code = region_zones.country_code
            and regions.region = region_zones.region
            and region_zones.region_rank = 1
    left join house_zones on profiles.timezone is null

),

places as (

    select
        customer_id,
        coalesce(timezone, '') || '|' || coalesce(country_code, '')
        || '|' || coalesce(region, '') as place_id,
        timezone,
        day_zone,
        country_code,
        region
    from recognised

)

select * from places
