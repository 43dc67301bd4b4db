{#- A query of the digits from 0 to 9, as `digit`. -#}
{% macro digits() -%}
    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {{- ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
