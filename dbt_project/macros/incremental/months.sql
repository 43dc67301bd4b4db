{#- The relation of months: one row per model that makes months or follows them. -#}
{% macro months() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=target.schema,
        identifier='model_months',
    )) }}
{%- endmacro %}
