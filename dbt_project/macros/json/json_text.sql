{#-
    The text at a top-level key of a JSON object, null when absent. Everywhere
    text is compared by its bytes, whatever language the database has.
-#}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'activation')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    {{ return("json_value(" ~ column ~ ", '$." ~ key ~ "')") }}
{%- endmacro %}

{% macro duckdb__json_text(column, key) -%}
    {{ return("json_extract_string(" ~ column ~ ", '$." ~ key ~ "')") }}
{%- endmacro %}

{% macro postgres__json_text(column, key) -%}
    {{ return(
        "((cast(" ~ column ~ " as json) ->> '" ~ key ~ "') collate \"C\")"
    ) }}
{%- endmacro %}
