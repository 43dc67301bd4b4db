{#-
    A query of the rows given, a list of dicts, with the columns given, a dict
    of name and type. Without rows it is an empty table of those columns.
-#}
{% macro rows_of(columns, rows) -%}
    {%- for row in rows or [{}] %}
    select
        {%- for name, type in columns.items() %}
        {{ literal(row.get(name), type) }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    {%- if not rows %}
    where 1 = 0
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
