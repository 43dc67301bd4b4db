{#- The table of what every model has taken in; a run creates it when absent. -#}
{% macro create_watermarks() -%}
    create table if not exists {{ watermarks() }} (
        model {{ dbt.type_string() }},
        load_id {{ dbt.type_bigint() }}
    )
{%- endmacro %}
