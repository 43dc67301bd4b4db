{#-
    The last load that the model being built has taken in, as a literal: the
    warehouse then reads only the blocks that hold later ones.
-#}
{% macro watermark() -%}
    {%- if not execute -%}
        {{ return('0') }}
    {%- endif -%}
    {%- set found = run_query(
        "select max(load_id) from " ~ watermarks()
        ~ " where model = '" ~ this.identifier ~ "'"
    ) -%}
    {{ return(found.rows[0][0] | default(0, true) | int | string) }}
{%- endmacro %}
