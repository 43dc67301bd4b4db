{#- The names of the models that a model reads, through ephemeral ones too. -#}
{% macro parent_models(node) -%}
    {%- set names = [] -%}
    {%- for id in node.depends_on.nodes if id.startswith('model.') -%}
        {%- set parent = graph.nodes[id] -%}
        {%- if parent.config.materialized == 'ephemeral' -%}
            {%- do names.extend(parent_models(parent)) -%}
        {%- else -%}
            {%- do names.append(parent.alias) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
