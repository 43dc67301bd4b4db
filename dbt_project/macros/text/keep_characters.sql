{#- The text with every character outside a regular set removed. -#}
{% macro keep_characters(expression, set) -%}
    {{ return(
        adapter.dispatch('keep_characters', 'activation')(expression, set)
    ) }}
{%- endmacro %}

{% macro default__keep_characters(expression, set) -%}
    {{ return("regexp_replace(" ~ expression ~ ", '[^" ~ set ~ "]', '')") }}
{%- endmacro %}

{% macro duckdb__keep_characters(expression, set) -%}
    {{ return(
        "regexp_replace(" ~ expression ~ ", '[^" ~ set ~ "]', '', 'g')"
    ) }}
{%- endmacro %}

{% macro postgres__keep_characters(expression, set) -%}
    {{ return(
        "regexp_replace(" ~ expression ~ ", '[^" ~ set ~ "]', '', 'g')"
    ) }}
{%- endmacro %}
