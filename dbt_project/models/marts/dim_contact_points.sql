{{
    config(
        materialized='incremental',
        incremental_strategy='affected',
        unique_key='contact_point_id',
        meta={'changes': 'int_changed_contact_points'},
    )
}}

with contact_points as (

    select *
    from {{ affected(
        ref('int_contact_points'),
        'contact_point_id',
        ref('int_changed_contact_points'),
    ) }}

),

final as (

    select
        contact_point_id,
        customer_id,
        channel,
        address,
        contact_point,
        is_primary,
        is_deleted,
        {{ is_contact_point('channel', 'contact_point') }} as is_valid,
        changed_at,
        known_at
    from contact_points

)

select * from final
