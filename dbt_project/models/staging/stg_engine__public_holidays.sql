with public_holidays as (

    select * from {{ source('engine', 'public_holidays') }}

),

named as (

    select
        country_code,
        nullif(region, '') as region,
        name,
        {{ safe_date('holiday_on') }} as holiday_on
    from public_holidays

)

select * from named
