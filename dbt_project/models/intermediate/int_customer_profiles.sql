{#- A customer's own latest row; where there is none, an absorbed one's. -#}
with changes as (

    select *
    from {{ affected_survivors(ref('stg_activation__customer_changes')) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by survivor_id
            order by
                case when customer_id = survivor_id then 0 else 1 end,
                changed_at desc, known_at desc, load_id desc, is_deleted desc,
                customer_id, account_id, first_name, last_name, locale,
                country_code, region, city, timezone, birth_date
        ) as recency
    from changes

),

latest as (

    select
        *,
        coalesce({{ is_timezone('timezone') }}, false) as is_timezone_known
    from numbered
    where recency = 1

),

profiles as (

    select
        survivor_id as customer_id,
        account_id,
        first_name,
        last_name,
        locale,
        country_code,
        region,
        city,
        case when is_timezone_known then timezone else 'UTC' end as timezone,
        is_timezone_known,
        {#- Shops delete the profile that they merged into another. #}
        is_deleted and customer_id = survivor_id as is_deleted,
        birth_date,
        changed_at,
        known_at
    from latest

)

select * from profiles
