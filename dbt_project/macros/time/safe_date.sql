{#- A text such as 1990-02-28 as a date, null when it is none. -#}
{% macro safe_date(expression) -%}
    {{ return(adapter.dispatch('safe_date', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__safe_date(expression) -%}
    {{ return(
        "case when " ~ matches(expression, iso_date()) ~ " then try_cast("
        ~ expression ~ " as date) end"
    ) }}
{%- endmacro %}

{#- There is no cast that may fail, so the day is compared with its month's. -#}
{% macro postgres__safe_date(expression) -%}
    {%- set last_day = "to_char(cast(substr(" ~ expression
        ~ ", 1, 7) || '-01' as date) + interval '1 month -1 day', 'DD')" -%}
    {{ return(
        "case when " ~ matches(expression, iso_date()) ~ " then case when substr("
        ~ expression ~ ", 9, 2) <= " ~ last_day ~ " then cast(" ~ expression
        ~ " as date) end end"
    ) }}
{%- endmacro %}
