{#- Refuses a cap from which no column can be made, or that counts two ways. -#}
{% macro check_cap(cap) -%}
    {%- set spans = [] -%}
    {%- for span in ('days', 'hours', 'runs') if cap.get(span) is not none -%}
        {%- do spans.append(span) -%}
    {%- endfor -%}
    {%- set remedy = none -%}
    {%- if not modules.re.match('^[a-z][a-z0-9_]{0,49}$', cap.cap_id) -%}
        {%- set remedy = 'cap_id must be lower case letters, digits and _' -%}
    {%- elif spans | length != 1 -%}
        {%- set remedy = 'give one of days, hours and runs' -%}
    {%- elif cap.get('runs', 1) != 1 -%}
        {%- set remedy = 'runs must be 1, the run at hand' -%}
    {%- elif cap.get('per', 'customer') not in ('customer', 'contact_point') -%}
        {%- set remedy = 'per must be customer or contact_point' -%}
    {%- endif -%}
    {%- if remedy -%}
        {%- do exceptions.raise_compiler_error(
            'var caps, ' ~ cap.cap_id ~ ': ' ~ remedy
        ) -%}
    {%- endif -%}
{%- endmacro %}
