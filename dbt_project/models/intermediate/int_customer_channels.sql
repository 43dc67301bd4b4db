{#-
    A table: suppressions come from the ledger, which no load announces. Whoever
    may be written to for one brand is reachable.
-#}
{{ config(materialized='table') }}

with contact_points as (

    select *
    from {{ ref('dim_contact_points') }}
    where is_valid and not is_deleted

),

consents as (

    select *
    from {{ ref('dim_consents') }}
    where purpose = 'marketing' and status = 'granted' and is_confirmed

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

permitted as (

    select
        contact_points.contact_point_id,
        contact_points.customer_id,
        contact_points.contact_point,
        contact_points.channel,
        consents.brand,
        consents.first_granted_at,
        greatest(contact_points.known_at, consents.known_at) as known_at
    from contact_points
    inner join consents
        on contact_points.contact_point_id = consents.contact_point_id
            and contact_points.channel = consents.channel

),

suppressed as (

    select distinct
        permitted.contact_point_id,
        permitted.brand
    from permitted
    inner join suppressions
        on permitted.contact_point = suppressions.contact_point
            and permitted.channel
            = coalesce(suppressions.channel, permitted.channel)
            and permitted.brand
            = coalesce(suppressions.brand, permitted.brand)
    where suppressions.purpose in ('all', 'marketing')

),

channels as (

    select
        permitted.customer_id,
        permitted.channel,
        count(distinct permitted.contact_point_id) as contact_point_count,
        min(permitted.first_granted_at) as first_granted_at,
        min(permitted.known_at) as known_at
    from permitted
    left join suppressed
        on permitted.contact_point_id = suppressed.contact_point_id
            and permitted.brand = suppressed.brand
    where suppressed.contact_point_id is null
    group by permitted.customer_id, permitted.channel

)

select * from channels
