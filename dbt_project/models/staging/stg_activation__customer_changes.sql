with customers as (

    select * from {{ source('raw', 'customers') }}

),

renamed as (

    select
        {{ person_id('id') }} as customer_id,
        {{ person_id(json_text('attributes', 'merged_into')) }}
            as merged_into_id,
        nullif({{ trimmed(json_text('attributes', 'account_id')) }}, '')
            as account_id,
        {{ person_id(json_text('attributes', 'household_id')) }}
            as household_id,
        {{ json_text('attributes', 'first_name') }} as first_name,
        {{ json_text('attributes', 'last_name') }} as last_name,
        {{ json_text('attributes', 'locale') }} as locale,
        upper({{ trimmed(json_text('attributes', 'country')) }})
            as country_code,
        {{ json_text('attributes', 'region') }} as region,
        {{ json_text('attributes', 'city') }} as city,
        {{ json_text('attributes', 'timezone') }} as timezone,
        load_id,
        is_deleted,
        {{ safe_date(json_text('attributes', 'birth_date')) }} as birth_date,
        changed_at,
        known_at
    from customers
    where known_at <= {{ as_of() }}

),

persons as (

    select *
    from renamed
    where customer_id is not null

)

select * from persons
