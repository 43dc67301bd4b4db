with consents as (

    select *
    from {{ ref('dim_consents') }}
    where
        channel = 'email'
        and purpose = 'marketing'
        and status = 'granted'
        and is_confirmed

),

contact_points as (

    select *
    from {{ ref('dim_contact_points') }}
    where channel = 'email' and is_valid and not is_deleted

),

subscribers as (

    select
        contact_points.customer_id,
        min(consents.first_granted_at) as subscribed_at
    from consents
    inner join contact_points
        on consents.contact_point_id = contact_points.contact_point_id
    group by contact_points.customer_id

)

select * from subscribers
