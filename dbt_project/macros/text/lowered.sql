{#- A text in small letters of any alphabet. -#}
{% macro lowered(expression) -%}
    {{ return(adapter.dispatch('lowered', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__lowered(expression) -%}
    {{ return("lower(" ~ expression ~ ")") }}
{%- endmacro %}

{#- In the order of bytes, PostgreSQL knows A to Z only. -#}
{% macro postgres__lowered(expression) -%}
    {{ return(
        "(lower((" ~ expression ~ ") collate \"und-x-icu\") collate \"C\")"
    ) }}
{%- endmacro %}
