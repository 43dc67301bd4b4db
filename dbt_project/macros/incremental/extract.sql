{#-
    The table of the rows that a model's last incremental run made. What reads
    the model through `affected` reads them there, so that a long table is
    searched once per run and not once per model. Models ask for it by
    `meta: keeps_extract`.
-#}
{% macro extract(relation) -%}
    {{ return(api.Relation.create(
        database=relation.database,
        schema=relation.schema,
        identifier=relation.identifier ~ '__affected',
    )) }}
{%- endmacro %}
