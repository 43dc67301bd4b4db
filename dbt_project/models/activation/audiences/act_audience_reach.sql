with contact_points as (

    select *
    from {{ ref('dim_contact_points') }}
    where not is_deleted and is_valid and channel = 'email'

),

consents as (

    select *
    from {{ ref('dim_consents') }}
    where purpose = 'marketing' and status = 'granted' and is_confirmed

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

units as (

    select * from {{ ref('int_units') }}

),

arms as (

    select *
    from {{ ref('act_arms') }}
    where experiment_id = {{ global_experiment() }}

),

permitted as (

    select
        contact_points.customer_id,
        contact_points.contact_point,
        consents.brand,
        row_number() over (
            partition by contact_points.customer_id, consents.brand
            order by
                case when contact_points.is_primary then 0 else 1 end,
                contact_points.contact_point_id
        ) as preference
    from contact_points
    inner join consents
        on contact_points.contact_point_id = consents.contact_point_id
            and contact_points.channel = consents.channel
    left join suppressions
        on contact_points.contact_point = suppressions.contact_point
            and contact_points.channel
            = coalesce(suppressions.channel, contact_points.channel)
            and consents.brand = coalesce(suppressions.brand, consents.brand)
            and suppressions.purpose in ('all', 'marketing')
    where suppressions.contact_point is null

),

{#- Who was not drawn yet is held out as the next draw will hold them out. -#}
reach as (

    select
        permitted.customer_id,
        permitted.contact_point,
        permitted.brand
    from permitted
    inner join units on permitted.customer_id = units.customer_id
    left join arms on units.unit_id = arms.unit_id
    where
        permitted.preference = 1
        and case
            when arms.arm is not null then arms.arm = 'treated'
            else {{ global_bucket('units.unit_id') }}
                >= {{ global_holdout_buckets() }}
        end

)

select * from reach
