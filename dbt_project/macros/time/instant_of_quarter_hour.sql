{#- When a quarter of an hour begins, of its number. -#}
{% macro instant_of_quarter_hour(number) -%}
    {{ return(dbt.dateadd('minute', '15 * ' ~ number, far_past())) }}
{%- endmacro %}
