{#- A priority as a number; a higher one is chosen first. -#}
{% macro priority_number(priority) -%}
    {%- set levels = {
        'critical': 1000, 'high': 300, 'medium': 200, 'low': 100,
    } -%}
    {{ return(levels[priority] if priority in levels else priority | int) }}
{%- endmacro %}
