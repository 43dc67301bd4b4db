{{ config(materialized='view') }}

with things as (

    select * from {{ ref('int_customer_things') }}

),

consent_changes as (

    select * from {{ ref('stg_activation__consent_changes') }}

),

account_changes as (

    select * from {{ ref('stg_activation__account_changes') }}

),

incident_changes as (

    select * from {{ ref('stg_activation__incident_changes') }}

),

changes as (

    select
        thing,
        thing_id,
        load_id
    from things
    where thing not in ('service', 'account')
    union all
    select
        'contact_point' as thing,
        contact_point_id as thing_id,
        load_id
    from consent_changes
    union all
    select
        'account' as thing,
        account_id as thing_id,
        load_id
    from account_changes
    union all
    {#- An incident concerns every service that it was ever said to befall. #}
    select
        'service' as thing,
        incidents.service_id as thing_id,
        incident_changes.load_id
    from incident_changes
    inner join incident_changes as incidents
        on incident_changes.incident_id = incidents.incident_id

)

select *
from changes
where thing_id is not null
