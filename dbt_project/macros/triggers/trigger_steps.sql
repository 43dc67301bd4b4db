{#-
    The steps of a series as a query: step (from 1), due_offset and next_offset,
    the following step's (null for the last), in the unit of the offsets given.
-#}
{% macro trigger_steps(offsets) -%}
    {%- for offset in offsets %}
    select
        {{ loop.index }} as step,
        {{ offset }} as due_offset,
        {{ literal(
            none if loop.last else offsets[loop.index], dbt.type_int()
        ) }} as next_offset
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
