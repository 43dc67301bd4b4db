{#- The table of which months every model rests on; a run creates it when absent. -#}
{% macro create_months() -%}
    create table if not exists {{ months() }} (
        model {{ dbt.type_string() }},
        valid_from {{ dbt.type_timestamp() }},
        load_id {{ dbt.type_bigint() }}
    )
{%- endmacro %}
