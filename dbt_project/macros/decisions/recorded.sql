{#-
    A record as earlier runs left it. The models that write it stand downstream,
    so dbt sees it as a source; before the first run it is empty.
-#}
{% macro recorded(name) -%}
    {%- set record = source('records', name) -%}
    {%- if not execute or load_relation(api.Relation.create(
        database=target.database, schema=target.schema, identifier=name,
    )) is not none -%}
        {{ record }}
    {%- else -%}
        (
            {{- rows_of(record_columns()[name], []) }}
        ) as {{ name }}
    {%- endif -%}
{%- endmacro %}
