{#- Generated from the models' folder; every `activation` command that parses refreshes it. -#}
{% macro audience_models() -%}
{{ return([
    'aud_lapsed_customers',
]) }}
{%- endmacro %}
