{#- A text as an exact number, null when it is none. -#}
{% macro safe_number(expression) -%}
    {{ return(adapter.dispatch('safe_number', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__safe_number(expression) -%}
    {{ return("try_cast(" ~ expression ~ " as decimal(18, 4))") }}
{%- endmacro %}

{#- There is no cast that may fail, so form and size are looked at before. -#}
{% macro postgres__safe_number(expression) -%}
    {%- set form = " *[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})"
        ~ "([eE][+-]?[0-9]{1,2})? *" -%}
    {{ return(
        "cast(case when " ~ matches(expression, form) ~ " then case when abs("
        ~ "cast(" ~ expression ~ " as numeric)) < 99999999999999.99995 then "
        ~ "cast(" ~ expression ~ " as numeric) end end as decimal(18, 4))"
    ) }}
{%- endmacro %}
