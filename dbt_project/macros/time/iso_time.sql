{#- A pattern of ISO 8601 times, or of dates alone, without an offset. -#}
{% macro iso_time() -%}
    {{ return(
        '[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        ~ '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?)?'
    ) }}
{%- endmacro %}
