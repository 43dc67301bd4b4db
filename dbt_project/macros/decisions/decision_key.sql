{#-
    The id of a run's decision on one leg of an occurrence; of what is built by
    hand, which has no run, the id of that instant's.
-#}
{% macro decision_key(occurrence_id, leg) -%}
    {{ return(stable_key(
        [occurrence_id, leg, run_number()]
        + ([] if var('run_id') else [as_of()])
    )) }}
{%- endmacro %}
