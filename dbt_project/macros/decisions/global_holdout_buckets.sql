{#- How many of the 10,000 buckets are held out of all marketing. -#}
{% macro global_holdout_buckets() -%}
    {{ return((var('global_holdout_share') * 10000) | round | int) }}
{%- endmacro %}
