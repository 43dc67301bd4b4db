{#- How much of a trigger's units take part from when on, in percent. -#}
{% macro policy_ramps() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') if node.policy.get('ramp') -%}
        {%- set ramp = node.policy.ramp -%}
        {%- set steps = [{'percent': ramp, 'from': '1900-01-01 00:00:00'}]
            if ramp is number else ramp -%}
        {%- for step in steps -%}
            {%- do rows.append({
                'trigger_id': node.policy.id,
                'percent': step.percent,
                'starts_at': step.from,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'trigger_id': dbt.type_string(), 'percent': dbt.type_bigint(),
            'starts_at': dbt.type_timestamp(),
        },
        rows,
    ) }}
{%- endmacro %}
