{#- The instant whose knowledge is shown: the variable, else the run's start. -#}
{% macro as_of() -%}
    {{ return(adapter.dispatch('as_of', 'activation')()) }}
{%- endmacro %}

{% macro default__as_of() -%}
    {%- set instant = var('as_of', none)
        or run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') -%}
    {{ return("cast('" ~ instant ~ "' as " ~ dbt.type_timestamp() ~ ")") }}
{%- endmacro %}
