{#-
    The channels of each variant in the order of preference, with the template
    of each, as a query. `default` is what a unit without a variant gets.
-#}
{% macro policy_channels() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') -%}
        {%- set policy = node.policy -%}
        {%- for variant in [{'name': 'default'}]
            + (policy.get('experiment') or {}).get('variants', []) -%}
            {%- set templates = dict(
                policy.templates, **variant.get('templates', {})
            ) -%}
            {%- for channel in variant.get('channels')
                or policy.channels.names -%}
                {%- do rows.append({
                    'trigger_id': policy.id,
                    'channel': channel,
                    'variant': variant.name,
                    'template': templates[channel],
                    'position': loop.index,
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'trigger_id': text, 'channel': text, 'variant': text,
            'template': text, 'position': dbt.type_bigint(),
        },
        rows,
    ) }}
{%- endmacro %}
