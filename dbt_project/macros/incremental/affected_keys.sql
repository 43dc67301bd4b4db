{#- The keys that a list of changes names since this model was last built. -#}
{% macro affected_keys(key, changes) -%}
    select {{ key }}
    from {{ changes }}
    where load_id > {{ watermark() }} and {{ key }} is not null
{%- endmacro %}
