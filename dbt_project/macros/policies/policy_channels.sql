{#-
    The channels of each variant in the order of preference, with the template
    of each, as a query. `default` is what a unit without a variant gets. A
    route is a way that somebody may take: the trigger's own channels, unless
    every variant has its own, and those of each variant that has.
-#}
{% macro policy_channels() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') -%}
        {%- set policy = node.policy -%}
        {%- set variants =
            (policy.get('experiment') or {}).get('variants') or [] -%}
        {%- set own = variants | selectattr('channels') | list -%}
        {%- set shares = not variants or own | length < variants | length -%}
        {%- for variant in [{'name': 'default'}] + variants -%}
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
                    'is_route': variant in own
                        or (variant.name == 'default' and shares),
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'trigger_id': text, 'channel': text, 'variant': text,
            'template': text, 'position': dbt.type_bigint(),
            'is_route': 'boolean',
        },
        rows,
    ) }}
{%- endmacro %}
