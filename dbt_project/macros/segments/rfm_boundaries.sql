{#- The quintiles of a month as columns of one row: <measure>_<quintile>, _id. -#}
{% macro rfm_boundaries() -%}
    {%- for measure in rfm_measures() -%}
    {%- for quintile in [2, 3, 4, 5] -%}
    {%- set is_it = "measure = '" ~ measure ~ "' and quintile = " ~ quintile %}
    max(case when {{ is_it }} then from_value end)
        as {{ measure }}_{{ quintile }},
    max(case when {{ is_it }} then from_user_id end)
        as {{ measure }}_{{ quintile }}_id
        {{- ',' if not loop.last }}
    {%- endfor -%}
    {{- ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
