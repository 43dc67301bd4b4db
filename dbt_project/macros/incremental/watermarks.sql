{#- The relation of watermarks: one row per model of this schema. -#}
{% macro watermarks() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=target.schema,
        identifier='model_watermarks',
    )) }}
{%- endmacro %}
