{#-
    The elements of a JSON array, to be cross joined: columns `element` (JSON)
    and `position` (from 1). Of null or an empty array there are none.
-#}
{% macro json_elements(column) -%}
    {{ return(adapter.dispatch('json_elements', 'activation')(column)) }}
{%- endmacro %}

{% macro default__json_elements(column) -%}
    {{ return(
        "lateral (select element, position from json_array_elements("
        ~ column ~ ") with ordinality as elements (element, position))"
    ) }}
{%- endmacro %}

{% macro duckdb__json_elements(column) -%}
    {%- set list = "from_json(" ~ column ~ ", '[\"json\"]')" -%}
    {{ return(
        "lateral (select unnest(" ~ list ~ ") as element, "
        ~ "generate_subscripts(" ~ list ~ ", 1) as position)"
    ) }}
{%- endmacro %}

{% macro postgres__json_elements(column) -%}
    {%- set document = "cast(" ~ column ~ " as json)" -%}
    {{ return(
        "lateral (select element, position from json_array_elements("
        ~ "case when json_typeof(" ~ document ~ ") = 'array' then " ~ document
        ~ " end) with ordinality as elements (element, position))"
    ) }}
{%- endmacro %}
