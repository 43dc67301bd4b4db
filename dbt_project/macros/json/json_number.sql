{#- The number at a top-level key, exact to four places; null when it is none. -#}
{% macro json_number(column, key) -%}
    {{ return(
        safe_number(json_text(column, key))
    ) }}
{%- endmacro %}
