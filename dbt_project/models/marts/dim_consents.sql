{{
    config(
        materialized='incremental',
        incremental_strategy='affected',
        unique_key='contact_point_id',
        meta={'changes': 'int_changed_contact_points'},
    )
}}

with changes as (

    select *
    from {{ affected(
        ref('int_consent_changes'),
        'contact_point_id',
        ref('int_changed_contact_points'),
    ) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_point_id, channel, purpose, brand
            order by
                changed_at desc,
                case when status = 'granted' then 1 else 0 end,
                known_at desc,
                case when is_confirmed then 1 else 0 end,
                consent_id
        ) as recency,
        min(
            case when status = 'granted' and is_confirmed then changed_at end
        ) over (
            partition by contact_point_id, channel, purpose, brand
        ) as first_granted_at
    from changes

),

latest as (

    select
        contact_point_id,
        customer_id,
        channel,
        purpose,
        brand,
        status,
        is_confirmed,
        first_granted_at,
        changed_at,
        known_at,
        case when status = 'withdrawn' then known_at end as withdrawn_known_at
    from numbered
    where recency = 1

)

select * from latest
