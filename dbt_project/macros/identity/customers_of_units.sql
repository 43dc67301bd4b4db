{#-
    The customers whose units a run makes anew: whoever is other than when the
    units were made, or is no more, whoever shares a link with them, and all of
    the units that they are in; all customers in a first build. Rows of
    `customers`, over that and `links` (CTEs of the model). Nobody else can be
    tied to them: a tie that comes or goes is of a link of somebody who changed.
-#}
{% macro customers_of_units(customers, links) -%}
    {%- set list = ref('int_changed_customers') if not execute
        or (this and is_incremental()) -%}
    {%- if not (this and is_incremental()) -%}
    {{ customers }} as concerned
    {%- else -%}
    (
        with digests as (
            select distinct
                customer_id,
                links_digest
            from {{ links }}
            where {{ is_listed('customer_id', list) }}
        ),
        changed as (
            select customers.customer_id
            from {{ customers }} as customers
            left join digests on customers.customer_id = digests.customer_id
            left join {{ this }} as units
                on customers.customer_id = units.customer_id
                    and coalesce(digests.links_digest, '') = units.links_digest
                    and customers.known_at = units.known_at
            where
                units.customer_id is null
                and {{ is_listed(
                    'customer_id', list, 'customers.customer_id'
                ) }}
            union
            select units.customer_id
            from {{ this }} as units
            left join {{ customers }} as customers
                on units.customer_id = customers.customer_id
            where
                customers.customer_id is null
                and {{ is_listed('customer_id', list, 'units.customer_id') }}
        ),
        changed_links as (
            select distinct links.link_id
            from {{ links }} as links
            inner join changed on links.customer_id = changed.customer_id
        ),
        {#- What is beyond the limit without them tied nobody, nor does it now. #}
        near_links as (
            select links.link_id
            from {{ links }} as links
            inner join changed_links on links.link_id = changed_links.link_id
            left join changed on links.customer_id = changed.customer_id
            group by links.link_id
            having
                min(links.link_kind) = 'account'
                or count(*) - count(changed.customer_id)
                <= {{ whole(var('max_customers_per_contact_point')) }}
        ),
        near_customers as (
            select customer_id
            from changed
            union
            select links.customer_id
            from {{ links }} as links
            inner join near_links on links.link_id = near_links.link_id
        ),
        near_units as (
            select distinct units.unit_id
            from {{ this }} as units
            inner join near_customers
                on units.customer_id = near_customers.customer_id
        ),
        near_members as (
            select customer_id
            from near_customers
            union
            select units.customer_id
            from {{ this }} as units
            inner join near_units on units.unit_id = near_units.unit_id
        )
        select customers.*
        from {{ customers }} as customers
        inner join near_members
            on customers.customer_id = near_members.customer_id
    ) as concerned
    {%- endif -%}
{%- endmacro %}
