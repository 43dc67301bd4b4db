{#- The median of a group, interpolated. -#}
{% macro median(expression) -%}
    {{ return(adapter.dispatch('median', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__median(expression) -%}
    {{ return(
        "percentile_cont(0.5) within group (order by " ~ expression ~ ")"
    ) }}
{%- endmacro %}
