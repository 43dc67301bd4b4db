{#-
    The rows of a record with `survivor_unit_id`: the unit that is left of the
    one that a row names. A unit is named after its customer.
-#}
{% macro resolved_units(relation) -%}
    (
        select
            unresolved.*,
            coalesce(
                customer_merges.customer_id, unresolved.unit_id
            ) as survivor_unit_id
        from {{ relation }} as unresolved
        left join {{ ref('int_customer_merges') }} as customer_merges
            on unresolved.unit_id = customer_merges.absorbed_customer_id
    )
{%- endmacro %}
