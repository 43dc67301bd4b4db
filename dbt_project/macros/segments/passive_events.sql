{#- The names of events that merely happen to a customer, as a list of texts. -#}
{% macro passive_events() -%}
    {%- for name in var('passive_events') %}
    '{{ name | replace("'", "''") }}'{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
