{#- A priority as a number; 1 is first. -#}
{% macro priority_number(priority) -%}
    {{ return(var('priority_levels').get(priority, priority) | int) }}
{%- endmacro %}
