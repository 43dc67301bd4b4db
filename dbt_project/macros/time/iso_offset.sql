{#- A pattern of the offsets from UTC that an ISO 8601 time may end with. -#}
{% macro iso_offset() -%}
    {{ return('(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)') }}
{%- endmacro %}
