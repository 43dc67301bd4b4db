{#-
    The experiment that holds people out of all marketing at an instant, now
    unless another is given: one per quarter (UTC).
-#}
{% macro global_experiment(instant=none) -%}
    {%- set instant = instant or as_of() -%}
    'global:' || cast(
        extract(year from {{ instant }}) as {{ dbt.type_string() }}
    ) || 'q' || cast(
        extract(quarter from {{ instant }}) as {{ dbt.type_string() }}
    )
{%- endmacro %}
