{{ config(meta={'remaining': 'int_unit_customers'}) }}

{%- set limit = var('max_customers_per_contact_point') %}

with customers as (

    select * from {{ ref('int_unit_customers') }}

),

links as (

    select * from {{ ref('int_unit_links') }}

),

rebuilt as (

    select * from {{ customers_of_units('customers', 'links') }}

),

rebuilt_links as (

    select
        links.customer_id,
        links.link_id,
        links.links_digest
    from links
    inner join rebuilt on links.customer_id = rebuilt.customer_id

),

{#- An address of many is a switchboard's; an account is a unit of any size. -#}
linking as (

    select link_id
    from links
    where link_id in (select rebuilt_links.link_id from rebuilt_links)
    group by link_id
    having
        count(*) > 1
        and (min(link_kind) = 'account' or count(*) <= {{ limit }})

),

linked as (

    select
        rebuilt_links.customer_id,
        rebuilt_links.link_id as tie
    from rebuilt_links
    inner join linking on rebuilt_links.link_id = linking.link_id

),

numbered as (

    select
        customer_id,
        row_number() over (
            order by {{ md5_hex('customer_id') }}, customer_id
        ) as member
    from linked
    group by customer_id

),

ties as (

    select
        numbered.member,
        linked.tie
    from linked
    inner join numbered on linked.customer_id = numbered.customer_id

),

components as (

    {{ connected_components('ties') }}

),

connected as (

    select
        rebuilt.customer_id,
        first_value(rebuilt.customer_id) over (
            partition by components.component
            order by rebuilt.known_at, rebuilt.customer_id
            rows between unbounded preceding and current row
        ) as unit_id,
        count(*) over (partition by components.component) as unit_size
    from rebuilt
    inner join numbered on rebuilt.customer_id = numbered.customer_id
    inner join components on numbered.member = components.member

),

digests as (

    select distinct
        customer_id,
        links_digest
    from rebuilt_links

),

units as (

    select
        rebuilt.customer_id,
        coalesce(connected.unit_id, rebuilt.customer_id) as unit_id,
        coalesce(digests.links_digest, '') as links_digest,
        coalesce(connected.unit_size, 1) as unit_size,
        rebuilt.known_at
    from rebuilt
    left join digests on rebuilt.customer_id = digests.customer_id
    left join connected on rebuilt.customer_id = connected.customer_id

)

select * from units
