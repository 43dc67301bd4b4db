{#-
    What a goal's event is worth: the number in its properties that the policy
    names, one case per name in use.
-#}
{% macro goal_amount(goal_value, properties) -%}
    {%- set names = ['total'] -%}
    {%- for node in policy_nodes('trigger')
        if (node.policy.get('goal') or {}).get('value') -%}
        {%- do names.append(node.policy.goal.value) -%}
    {%- endfor -%}
    case {{ goal_value }}
        {%- for name in names | unique %}
        when '{{ name }}' then {{ json_number(properties, name) }}
        {%- endfor %}
    end
{%- endmacro %}
