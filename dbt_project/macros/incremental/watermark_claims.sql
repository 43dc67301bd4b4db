{#-
    What a model may claim, one query per parent: a raw source gives the last
    load whose time is not after `as_of`, a model what it claimed itself (0 when
    it never did), an ephemeral model what its own parents give. Sources that no
    load writes, and seeds, bound nothing.
-#}
{% macro watermark_claims(node) -%}
    {%- set claims = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- if id.startswith('source.') -%}
            {%- if graph.sources[id].source_name == 'raw' -%}
                {%- do claims.append(
                    "select coalesce(max(load_id), 0) as load_id from "
                    ~ source('raw', 'loads') ~ " where loaded_at <= " ~ as_of()
                ) -%}
            {%- endif -%}
        {%- elif id.startswith('model.') -%}
            {%- set parent = graph.nodes[id] -%}
            {%- if parent.config.materialized == 'ephemeral' -%}
                {%- do claims.extend(watermark_claims(parent)) -%}
            {%- else -%}
                {%- do claims.append(
                    "select case when count(*) = 0 then 0 else max(load_id) end"
                    ~ " as load_id from " ~ watermarks()
                    ~ " where model = '" ~ parent.alias ~ "'"
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(claims | unique | list) }}
{%- endmacro %}
