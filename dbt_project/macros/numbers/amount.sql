{#- A sum of money as the exact number that every amount is. -#}
{% macro amount(expression) -%}
    {{ return("cast(" ~ expression ~ " as decimal(18, 4))") }}
{%- endmacro %}
