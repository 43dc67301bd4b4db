with accounts as (

    select * from {{ source('raw', 'accounts') }}

),

renamed as (

    select
        id as account_id,
        {{ json_text('attributes', 'name') }} as name,
        {{ lowered(trimmed(json_text('attributes', 'domain'))) }} as domain,
        upper({{ trimmed(json_text('attributes', 'country')) }})
            as country_code,
        {{ json_text('attributes', 'industry') }} as industry,
        {{ json_text('attributes', 'owner') }} as owner,
        load_id,
        {{ json_integer('attributes', 'employee_count') }} as employee_count,
        is_deleted,
        changed_at,
        known_at
    from accounts
    where known_at <= {{ as_of() }}

)

select * from renamed
