{#- A JSON object of {key: expression}, its keys sorted. -#}
{% macro json_object(fields) -%}
    {{ return(adapter.dispatch('json_object', 'activation')(fields)) }}
{%- endmacro %}

{% macro default__json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for key in fields | sort -%}
        {%- do pairs.append("'" ~ key ~ "', " ~ fields[key]) -%}
    {%- endfor -%}
    {{ return("json_object(" ~ pairs | join(", ") ~ ")") }}
{%- endmacro %}

{% macro postgres__json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for key in fields | sort -%}
        {%- do pairs.append("'" ~ key ~ "', " ~ fields[key]) -%}
    {%- endfor -%}
    {{ return("jsonb_build_object(" ~ pairs | join(", ") ~ ")") }}
{%- endmacro %}
