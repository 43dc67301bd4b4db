{#- A clock time such as 08:15 or 24:00, as text, in minutes after midnight. -#}
{% macro clock_minutes(expression) -%}
    {%- set whole = dbt.type_bigint() -%}
    {{ return(
        "60 * cast(substr(" ~ expression ~ ", 1, 2) as " ~ whole
        ~ ") + cast(substr(" ~ expression ~ ", 4, 2) as " ~ whole ~ ")"
    ) }}
{%- endmacro %}
