{#- Whether the warehouse knows a time zone; an unknown one would fail the run. -#}
{% macro is_timezone(column) -%}
    {{ return(adapter.dispatch('is_timezone', 'activation')(column)) }}
{%- endmacro %}

{% macro default__is_timezone(column) -%}
    {{ return(matches(column, 'UTC|[A-Z][A-Za-z]+(/[A-Za-z_+-]+)+')) }}
{%- endmacro %}

{% macro duckdb__is_timezone(column) -%}
    {{ return(column ~ " in (select name from pg_timezone_names())") }}
{%- endmacro %}

{% macro postgres__is_timezone(column) -%}
    {{ return(column ~ " in (select name from pg_timezone_names)") }}
{%- endmacro %}
