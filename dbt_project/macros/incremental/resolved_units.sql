{#-
    The rows of a record with `survivor_unit_id`: the unit that the one named in
    a row is part of now. A unit is named after one of its customers, who may
    have been merged since, or be in a unit with others.
-#}
{% macro resolved_units(relation) -%}
    (
        select
            unresolved.*,
            coalesce(
                units.unit_id,
                customer_merges.customer_id,
                unresolved.unit_id
            ) as survivor_unit_id
        from {{ relation }} as unresolved
        left join {{ ref('int_customer_merges') }} as customer_merges
            on unresolved.unit_id = customer_merges.absorbed_customer_id
        left join {{ ref('int_units') }} as units
            on coalesce(customer_merges.customer_id, unresolved.unit_id)
                = units.customer_id
    )
{%- endmacro %}
