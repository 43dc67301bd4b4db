{#- The weekdays of a send window as digits in their order; 1 is Monday. -#}
{% macro window_days(window) -%}
    {%- set names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] -%}
    {%- set digits = [] -%}
    {%- for name in names if name in window.get('days', names) -%}
        {%- do digits.append(names.index(name) + 1) -%}
    {%- endfor -%}
    {{ return(digits | join) }}
{%- endmacro %}
