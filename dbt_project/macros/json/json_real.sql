{#- A number as JSON should show it: 19.9, not 19.9000. -#}
{% macro json_real(expression) -%}
    {{ return(adapter.dispatch('json_real', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__json_real(expression) -%}
    {{ return("cast(" ~ expression ~ " as double precision)") }}
{%- endmacro %}

{#- Its own floating numbers are shown as 20, not as 20.0. -#}
{% macro postgres__json_real(expression) -%}
    {%- set number = "cast(" ~ expression ~ " as numeric)" -%}
    {{ return(
        "case when " ~ number ~ " = trunc(" ~ number ~ ") then round(" ~ number
        ~ ", 1) else trim_scale(" ~ number ~ ") end"
    ) }}
{%- endmacro %}

{% macro bigquery__json_real(expression) -%}
    {{ return("cast(" ~ expression ~ " as float64)") }}
{%- endmacro %}

{% macro spark__json_real(expression) -%}
    {{ return("cast(" ~ expression ~ " as double)") }}
{%- endmacro %}
