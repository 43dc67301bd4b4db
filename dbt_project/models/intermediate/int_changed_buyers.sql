{{ config(materialized='view') }}

with changed_customers as (

    select * from {{ ref('int_changed_customers') }}

),

product_changes as (

    select * from {{ ref('stg_activation__product_changes') }}

),

lines as (

    select * from {{ ref('int_order_lines') }}

),

newest as (

    select max(known_at) as known_at
    from lines

),

{#- News of a product concerns whoever had bought it after the news was known:
    only history brings such. -#}
changes as (

    select
        customer_id,
        load_id
    from changed_customers
    union
    select
        lines.customer_id,
        product_changes.load_id
    from product_changes
    inner join lines
        on product_changes.product_id = lines.product_id
            and product_changes.known_at < lines.ordered_at
            and product_changes.known_at < lines.known_at
    inner join newest on product_changes.known_at < newest.known_at

)

select * from changes
