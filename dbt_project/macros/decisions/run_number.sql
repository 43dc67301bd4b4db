{#- The run of the ledger that this build belongs to. -#}
{% macro run_number() -%}
    cast({{ var('run_id') }} as {{ dbt.type_bigint() }})
{%- endmacro %}
