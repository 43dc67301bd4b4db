{#-
    Whether a model's rows are made of loads and of nothing else, so that they
    stay as they are until a load comes. Not those that look at the instant
    beyond staging, nor those built from the engine's tables.
-#}
{% macro follows_loads(node) -%}
    {%- set parents = node.depends_on.nodes -%}
    {%- set is_staging = node.config.materialized == 'view' and parents
        and parents[0].startswith('source.') -%}
    {%- if not parents
        or node.config.materialized
            not in ('view', 'ephemeral', 'table', 'incremental')
        or (node.config.materialized == 'incremental'
            and node.config.incremental_strategy != 'affected'
            and 'is_new_load(' not in node.raw_code)
        or ('as_of()' in node.raw_code and not is_staging) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for id in parents -%}
        {%- if id.startswith('source.') -%}
            {%- if graph.sources[id].source_name != 'raw' -%}
                {{ return(false) }}
            {%- endif -%}
        {%- elif not id.startswith('model.')
            or not follows_loads(graph.nodes[id]) -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}
