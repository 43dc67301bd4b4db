with service_contacts as (

    select * from {{ source('raw', 'service_contacts') }}

),

renamed as (

    select
        id as service_contact_id,
        {{ person_id(json_text('attributes', 'customer_id')) }} as customer_id,
        {{ json_text('attributes', 'order_id') }} as order_id,
        {{ json_text('attributes', 'topic') }} as topic,
        {{ json_text('attributes', 'channel') }} as channel,
        {{ json_text('attributes', 'status') }} as status,
        load_id,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'opened_at')) }} as opened_at,
        {{ safe_timestamp(json_text('attributes', 'closed_at')) }} as closed_at,
        changed_at,
        known_at
    from service_contacts
    where known_at <= {{ as_of() }}

)

select * from renamed
