{#- The group's JSON values as the text of one array, in the order given. -#}
{% macro json_array_agg(expression, order_by) -%}
    {{ return(
        adapter.dispatch('json_array_agg', 'activation')(expression, order_by)
    ) }}
{%- endmacro %}

{% macro default__json_array_agg(expression, order_by) -%}
    {{ return(
        "cast(json_arrayagg(" ~ expression ~ " order by " ~ order_by
        ~ ") as varchar)"
    ) }}
{%- endmacro %}

{% macro duckdb__json_array_agg(expression, order_by) -%}
    {{ return(
        "cast(to_json(list(" ~ expression ~ " order by " ~ order_by
        ~ ")) as varchar)"
    ) }}
{%- endmacro %}

{% macro postgres__json_array_agg(expression, order_by) -%}
    {{ return(
        "'[' || string_agg(coalesce(cast(to_json(" ~ expression
        ~ ") as text), 'null'), ',' order by " ~ order_by ~ ") || ']'"
    ) }}
{%- endmacro %}
