{#-
    Whether a parent's extract holds all that happened since this model was last
    built: it goes back as far, and neither the parent nor the list of changed
    customers has a load to come.
-#}
{% macro has_extract(relation, key) -%}
    {%- if not execute or key != 'customer_id' or relation.is_cte -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        "select count(*) from " ~ watermarks()
        ~ " where (model = '" ~ extract(relation).identifier
        ~ "' and load_id <= " ~ watermark() ~ ")"
        ~ " or (model in ('" ~ relation.identifier
        ~ "', 'int_changed_customers') and load_id = ("
        ~ last_load() ~ "))"
    ) -%}
    {{ return(found.rows[0][0] == 3) }}
{%- endmacro %}
