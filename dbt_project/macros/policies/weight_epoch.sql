{#-
    Names the weights under which a unit was assigned: units of one epoch were
    drawn with the same odds, which is what a sample-ratio test needs.
-#}
{% macro weight_epoch(experiment) -%}
    {%- set weights = [experiment.get('holdout', 0) | float | string] -%}
    {%- for variant in experiment.get('variants', []) -%}
        {%- do weights.append(variant.name ~ ':' ~ variant.weight) -%}
    {%- endfor -%}
    {{ return(weights | join('|')) }}
{%- endmacro %}
