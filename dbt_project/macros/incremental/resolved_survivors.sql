{#-
    A parent's rows with `survivor_id`: the customer that is left of the one
    that a row names.
-#}
{% macro resolved_survivors(relation) -%}
    (
        select
            unresolved.*,
            coalesce(
                customer_merges.customer_id, unresolved.customer_id
            ) as survivor_id
        from {{ relation }} as unresolved
        left join {{ ref('int_customer_merges') }} as customer_merges
            on unresolved.customer_id = customer_merges.absorbed_customer_id
    )
{%- endmacro %}
