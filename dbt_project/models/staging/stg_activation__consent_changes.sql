with consents as (

    select * from {{ source('raw', 'consents') }}

),

renamed as (

    select
        id as consent_id,
        {{ json_text('attributes', 'contact_point_id') }} as contact_point_id,
        {{ json_text('attributes', 'channel') }} as channel,
        {{ json_text('attributes', 'purpose') }} as purpose,
        {{ json_text('attributes', 'brand') }} as brand,
        case
            when is_deleted then 'withdrawn'
            else {{ json_text('attributes', 'status') }}
        end as status,
        {{ json_text('attributes', 'source') }} as consent_source,
        load_id,
        coalesce(
            {{ json_text('attributes', 'is_confirmed') }} = 'true', false
        ) as is_confirmed,
        changed_at,
        known_at
    from consents
    where known_at <= {{ as_of() }}

)

select * from renamed
