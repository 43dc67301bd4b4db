with incidents as (

    select * from {{ source('raw', 'incidents') }}

),

renamed as (

    select
        id as incident_id,
        {{ json_text('attributes', 'service_id') }} as service_id,
        {{ json_text('attributes', 'kind') }} as kind,
        {{ json_text('attributes', 'status') }} as status,
        {{ json_text('attributes', 'text') }} as incident_text,
        load_id,
        {{ json_integer('attributes', 'revision') }} as revision,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'starts_at')) }} as starts_at,
        {{ safe_timestamp(json_text('attributes', 'ends_at')) }} as ends_at,
        changed_at,
        known_at
    from incidents
    where known_at <= {{ as_of() }}

)

select * from renamed
