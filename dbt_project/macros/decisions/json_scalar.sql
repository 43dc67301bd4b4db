{#- The text of a JSON value that is a string. -#}
{% macro json_scalar(expression) -%}
    {{ return(adapter.dispatch('json_scalar', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__json_scalar(expression) -%}
    {{ return("json_value(" ~ expression ~ ", '$')") }}
{%- endmacro %}

{% macro duckdb__json_scalar(expression) -%}
    {{ return("json_extract_string(" ~ expression ~ ", '$')") }}
{%- endmacro %}

{% macro postgres__json_scalar(expression) -%}
    {{ return("((" ~ expression ~ " #>> '{}') collate \"C\")") }}
{%- endmacro %}
