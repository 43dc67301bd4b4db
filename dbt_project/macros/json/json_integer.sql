{#- The whole number at a top-level key, null when it is none. -#}
{% macro json_integer(column, key) -%}
    {{ return(
        "cast(round(" ~ json_number(column, key) ~ ") as "
        ~ dbt.type_bigint() ~ ")"
    ) }}
{%- endmacro %}
