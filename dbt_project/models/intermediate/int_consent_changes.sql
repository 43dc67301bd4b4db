{{
    config(
        unique_key='contact_point_id',
        meta={'changes': 'int_changed_contact_points'},
    )
}}

{%- set changes = ref('int_changed_contact_points') %}

with deliveries as (

    select *
    from {{ affected(
        ref('stg_activation__consent_changes'), 'contact_point_id', changes
    ) }}

),

contact_points as (

    select *
    from {{ affected(
        ref('int_contact_points'), 'contact_point_id', changes
    ) }}

),

distinct_changes as (

    select
        consent_id,
        contact_point_id,
        channel,
        purpose,
        brand,
        status,
        consent_source,
        is_confirmed,
        changed_at,
        min(known_at) as known_at
    from deliveries
    group by
        consent_id, contact_point_id, channel, purpose, brand, status,
        consent_source, is_confirmed, changed_at

),

owned as (

    select
        distinct_changes.consent_id,
        distinct_changes.contact_point_id,
        contact_points.customer_id,
        distinct_changes.channel,
        distinct_changes.purpose,
        distinct_changes.brand,
        distinct_changes.status,
        distinct_changes.consent_source,
        distinct_changes.is_confirmed,
        distinct_changes.changed_at,
        greatest(
            distinct_changes.known_at, contact_points.first_known_at
        ) as known_at
    from distinct_changes
    inner join contact_points
        on distinct_changes.contact_point_id = contact_points.contact_point_id

)

select * from owned
