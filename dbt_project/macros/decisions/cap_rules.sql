{#-
    The house's caps in the order of the variable, or those of one holder, a
    customer or a contact point. `covers` is the condition under which a message
    falls under the cap, `remembers` the one under which a past message still
    counts. A holder without caps has a rule that covers nothing, so that what
    is made of the rules is never empty.
-#}
{% macro cap_rules(per=none) -%}
    {%- set rules = [] -%}
    {%- for cap in var('caps') -%}
        {%- do check_cap(cap) -%}
        {%- do rules.append({
            'cap_id': cap.cap_id,
            'max_messages': cap.max_messages,
            'per': cap.get('per', 'customer'),
            'covers': cap_covers(cap),
            'remembers': cap_remembers(cap),
        }) -%}
    {%- endfor -%}
    {%- for holder in ('customer', 'contact_point') -%}
        {%- if holder not in rules | map(attribute='per') -%}
            {%- do rules.append({
                'cap_id': 'none_per_' ~ holder,
                'max_messages': 0,
                'per': holder,
                'covers': '1 = 0',
                'remembers': '1 = 0',
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(
        rules if per is none else rules | selectattr('per', 'eq', per) | list
    ) }}
{%- endmacro %}
