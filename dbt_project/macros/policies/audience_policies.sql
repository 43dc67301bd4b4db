{#- The audiences' policies as a query, one row per audience. -#}
{% macro audience_policies() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('audience') -%}
        {%- set policy = node.policy -%}
        {%- do rows.append({
            'audience_id': policy.id,
            'environment': var('environment'),
            'brand': policy.get('brand', 'default'),
            'model_name': node.model,
            'destination': policy.destination,
            'mode': policy.get('mode', 'mirror'),
            'is_enabled': policy.get('enabled', true),
        }) -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'audience_id': text, 'environment': text, 'brand': text,
            'model_name': text, 'destination': text, 'mode': text,
            'is_enabled': 'boolean',
        },
        rows,
    ) }}
{%- endmacro %}
