{#-
    The triggers' channels in the order of preference, with the template of each
    variant, as a query. `default` is what a unit without a variant gets.
-#}
{% macro policy_channels() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') -%}
        {%- set policy = node.policy -%}
        {%- set variants = {'default': {}} -%}
        {%- for variant in
            (policy.get('experiment') or {}).get('variants', []) -%}
            {%- do variants.update({
                variant.name: variant.get('templates', {})
            }) -%}
        {%- endfor -%}
        {%- for channel in policy.channels.names -%}
            {%- set position = loop.index -%}
            {%- for variant, templates in variants.items() -%}
                {%- do rows.append({
                    'trigger_id': policy.id,
                    'channel': channel,
                    'variant': variant,
                    'template':
                        templates.get(channel, policy.templates[channel]),
                    'position': position,
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
