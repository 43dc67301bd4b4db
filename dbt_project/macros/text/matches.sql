{#- Whether the whole text matches a regular expression. -#}
{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches', 'activation')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches(expression, pattern) -%}
    {{ return("regexp_like(" ~ expression ~ ", '^(" ~ pattern ~ ")$')") }}
{%- endmacro %}

{% macro duckdb__matches(expression, pattern) -%}
    {{ return("regexp_full_match(" ~ expression ~ ", '" ~ pattern ~ "')") }}
{%- endmacro %}

{% macro postgres__matches(expression, pattern) -%}
    {{ return(
        "((" ~ expression ~ ") collate \"C\" ~ '^(" ~ pattern ~ ")$')"
    ) }}
{%- endmacro %}
