{#- The send windows that policies name, one row per time profile. -#}
{% macro policy_windows() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = {} -%}
    {%- for node in policy_nodes('trigger') if node.policy.get('send_window') -%}
        {%- set window = node.policy.send_window -%}
        {%- do rows.update({time_profile(node.policy): {
            'time_profile': time_profile(node.policy),
            'local_from': window.from,
            'local_to': window.to,
            'days': window_days(window),
            'holidays_allowed': window.get('holidays', true),
        }}) -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'time_profile': text, 'local_from': text, 'local_to': text,
            'days': text, 'holidays_allowed': 'boolean',
        },
        rows.values() | list,
    ) }}
{%- endmacro %}
