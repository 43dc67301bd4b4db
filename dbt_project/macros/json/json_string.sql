{#- A text as a quoted and escaped JSON string; null stays null. -#}
{% macro json_string(expression) -%}
    {{ return(adapter.dispatch('json_string', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__json_string(expression) -%}
    {{ return("cast(to_json(cast(" ~ expression ~ " as text)) as text)") }}
{%- endmacro %}

{% macro duckdb__json_string(expression) -%}
    {{ return(
        "cast(to_json(cast(" ~ expression ~ " as varchar)) as varchar)"
    ) }}
{%- endmacro %}
