{#- JSON text as a value that can stand inside a JSON object. -#}
{% macro json_document(expression) -%}
    {{ return(adapter.dispatch('json_document', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__json_document(expression) -%}
    {{ return("parse_json(" ~ expression ~ ")") }}
{%- endmacro %}

{% macro duckdb__json_document(expression) -%}
    {{ return("cast(" ~ expression ~ " as json)") }}
{%- endmacro %}

{% macro postgres__json_document(expression) -%}
    {{ return("cast(" ~ expression ~ " as json)") }}
{%- endmacro %}
