{#-
    Whether a list names a key since the model was last built. When it does not,
    models say `false` outright, so that a run without news reads nothing. The
    rows of a unit test stand in the query itself and cannot be asked first.
-#}
{% macro has_news(changes) -%}
    {%- if not execute or changes.is_cte -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set found = run_query(
        "select 1 from " ~ changes ~ " where load_id > " ~ watermark()
        ~ " limit 1"
    ) -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}
