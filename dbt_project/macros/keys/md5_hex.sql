{#- The md5 of a text as 32 lower-case hex digits. -#}
{% macro md5_hex(expression) -%}
    {{ return(adapter.dispatch('md5_hex', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__md5_hex(expression) -%}
    {{ return("md5(" ~ expression ~ ")") }}
{%- endmacro %}

{% macro bigquery__md5_hex(expression) -%}
    {{ return("to_hex(md5(" ~ expression ~ "))") }}
{%- endmacro %}
