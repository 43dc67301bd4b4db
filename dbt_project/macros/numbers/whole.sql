{#- A count as a bigint, whatever wider type the warehouse sums into. -#}
{% macro whole(expression) -%}
    {{ return("cast(" ~ expression ~ " as " ~ dbt.type_bigint() ~ ")") }}
{%- endmacro %}
