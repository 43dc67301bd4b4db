{#- A text as a date, null when it is none. -#}
{% macro safe_date(expression) -%}
    {{ return(adapter.dispatch('safe_date', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__safe_date(expression) -%}
    {{ return("try_cast(" ~ expression ~ " as date)") }}
{%- endmacro %}

{% macro postgres__safe_date(expression) -%}
    {{ return(
        "case when " ~ expression ~ " ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then cast("
        ~ expression ~ " as date) end"
    ) }}
{%- endmacro %}
