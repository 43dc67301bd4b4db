{#- Every model stands in the target's one schema, so that a live build and an analysis never meet. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
