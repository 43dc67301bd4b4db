{{ config(materialized='view') }}

with contact_point_changes as (

    select * from {{ ref('stg_activation__contact_point_changes') }}

),

consent_changes as (

    select * from {{ ref('stg_activation__consent_changes') }}

),

moved as (

    select
        things.thing_id as contact_point_id,
        merge_changes.load_id
    from {{ ref('int_merge_changes') }} as merge_changes
    inner join {{ ref('int_customer_things') }} as things
        on merge_changes.customer_id = things.customer_id
    where things.thing = 'contact_point'

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
    union all
    select
        contact_point_id,
        load_id
    from moved

)

select * from changes
