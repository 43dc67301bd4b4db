{#- What a date looks like; whether its month has that day is another matter. -#}
{% macro iso_date() -%}
    {{ return(
        '[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
    ) }}
{%- endmacro %}
