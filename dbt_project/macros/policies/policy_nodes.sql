{#-
    The models whose YAML has `config: meta: <kind>:`, as dicts of model (its
    name) and policy, in the order of names. Empty while dbt parses, and in unit
    tests, which have no graph.
-#}
{% macro policy_nodes(kind) -%}
    {%- set found = [] -%}
    {%- if execute and graph.nodes is defined -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.config.meta.get(kind) -%}
            {%- do found.append(
                {'model': node.name, 'policy': node.config.meta[kind]}
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found | sort(attribute='model')) }}
{%- endmacro %}
