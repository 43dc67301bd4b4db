{#- The number that hex digits, at most 8, write. -#}
{% macro hex_number(expression) -%}
    {{ return(adapter.dispatch('hex_number', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__hex_number(expression) -%}
    {{ return("cast(conv(" ~ expression ~ ", 16, 10) as bigint)") }}
{%- endmacro %}

{% macro duckdb__hex_number(expression) -%}
    {{ return("cast('0x' || " ~ expression ~ " as bigint)") }}
{%- endmacro %}

{% macro postgres__hex_number(expression) -%}
    {{ return(
        "cast(cast('x' || " ~ expression ~ " as bit(32)) as bigint)"
    ) }}
{%- endmacro %}
