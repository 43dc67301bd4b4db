{#- The experiment that holds people out of all marketing, one per quarter. -#}
{% macro global_experiment() -%}
    'global:' || cast(
        extract(year from {{ as_of() }}) as {{ dbt.type_string() }}
    ) || 'q' || cast(
        extract(quarter from {{ as_of() }}) as {{ dbt.type_string() }}
    )
{%- endmacro %}
