{#-
    A record as earlier runs left it. The models that write it stand downstream,
    so dbt sees it as a source; before the first run it is empty, and a record
    that was made by an older version lacks columns, which are null then.
-#}
{% macro recorded(name) -%}
    {%- set record = source('records', name) -%}
    {%- set columns = record_columns()[name] -%}
    {%- if not execute -%}
        {{ return(record) }}
    {%- endif -%}
    {%- set found = load_relation(api.Relation.create(
        database=target.database, schema=target.schema, identifier=name,
    )) -%}
    {%- if found is none -%}
        {{ return('(' ~ rows_of(columns, []) ~ ') as ' ~ name) }}
    {%- endif -%}
    {%- set present = adapter.get_columns_in_relation(found)
        | map(attribute='name') | list -%}
    {%- set missing = [] -%}
    {%- for column, type in columns.items() if column not in present -%}
        {%- do missing.append(literal(none, type) ~ ' as ' ~ column) -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ return(
            '(select older.*, ' ~ missing | join(', ') ~ ' from ' ~ record
            ~ ' as older) as ' ~ name
        ) }}
    {%- endif -%}
    {{ return(record) }}
{%- endmacro %}
