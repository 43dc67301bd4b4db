{{ config(materialized='view') }}

with events as (

    select * from {{ ref('stg_activation__events') }}

),

vintages as (

    select * from {{ ref('int_vintages') }}

),

crowded as (

    select * from {{ ref('int_crowded_identities') }}

),

loads as (

    select
        load_id,
        min(known_at) as first_known_at
    from events
    group by load_id

),

changes as (

    select
        vintages.valid_from,
        loads.load_id
    from loads
    inner join vintages on loads.first_known_at <= vintages.valid_from
    union
    {#- An id that turns out to be a crowd was nobody in any month. #}
    select
        vintages.valid_from,
        crowded.load_id
    from vintages
    cross join crowded

)

select * from changes
