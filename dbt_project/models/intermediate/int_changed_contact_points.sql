{{ config(materialized='view') }}

with contact_point_changes as (

    select * from {{ ref('stg_activation__contact_point_changes') }}

),

consent_changes as (

    select * from {{ ref('stg_activation__consent_changes') }}

),

changes as (

    select
        contact_point_id,
        load_id
    from contact_point_changes
    union all
    select
        contact_point_id,
        load_id
    from consent_changes

)

select * from changes
