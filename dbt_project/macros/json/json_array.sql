{#- The array at a top-level key of a JSON object, as JSON text. -#}
{% macro json_array(column, key) -%}
    {{ return(adapter.dispatch('json_array', 'activation')(column, key)) }}
{%- endmacro %}

{% macro default__json_array(column, key) -%}
    {{ return("json_query(" ~ column ~ ", '$." ~ key ~ "')") }}
{%- endmacro %}

{% macro duckdb__json_array(column, key) -%}
    {{ return(
        "cast(json_extract(" ~ column ~ ", '$." ~ key ~ "') as varchar)"
    ) }}
{%- endmacro %}

{% macro postgres__json_array(column, key) -%}
    {{ return("cast(cast(" ~ column ~ " as json) -> '" ~ key ~ "' as text)") }}
{%- endmacro %}
