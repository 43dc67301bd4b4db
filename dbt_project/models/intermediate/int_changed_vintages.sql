{{ config(materialized='view') }}

with events as (

    select * from {{ ref('stg_activation__events') }}

),

vintages as (

    select * from {{ ref('int_vintages') }}

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

)

select * from changes
