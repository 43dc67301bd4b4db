{#- A text as an exact number, null when it is none. -#}
{% macro safe_number(expression) -%}
    {{ return(adapter.dispatch('safe_number', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__safe_number(expression) -%}
    {{ return("try_cast(" ~ expression ~ " as decimal(18, 4))") }}
{%- endmacro %}

{% macro postgres__safe_number(expression) -%}
    {{ return(
        "case when " ~ expression ~ " ~ '^-?[0-9]+([.][0-9]+)?$' then cast("
        ~ expression ~ " as decimal(18, 4)) end"
    ) }}
{%- endmacro %}
