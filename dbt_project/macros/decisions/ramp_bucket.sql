{#-
    Where a unit stands in the ramp of an occurrence's trigger: a draw of its
    own, so that who comes first says nothing of the arm that follows.
-#}
{% macro ramp_bucket(occurrences, unit_id) -%}
    {{ return(bucket(
        "'ramp:' || " ~ occurrences ~ ".trigger_id || ':' || cast("
        ~ occurrences ~ ".trigger_version as " ~ dbt.type_string() ~ ")",
        unit_id,
    )) }}
{%- endmacro %}
