{#- A unit's bucket in this quarter's global experiment. -#}
{% macro global_bucket(unit_id) -%}
    {{ return(bucket(
        "'" ~ var('global_holdout_salt') ~ "' || ':' || "
        ~ global_experiment(), unit_id
    )) }}
{%- endmacro %}
