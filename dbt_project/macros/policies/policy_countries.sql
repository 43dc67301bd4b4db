{#- The countries to which a trigger is limited, where it is. -#}
{% macro policy_countries() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') -%}
        {%- for country in node.policy.get('countries') or [] -%}
            {%- do rows.append({
                'trigger_id': node.policy.id, 'country_code': country,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {'trigger_id': dbt.type_string(), 'country_code': dbt.type_string()},
        rows,
    ) }}
{%- endmacro %}
