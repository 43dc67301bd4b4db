{#- The caps of the project's variables, one row per cap. -#}
{% macro house_caps() -%}
    {%- set text, whole = dbt.type_string(), dbt.type_bigint() -%}
    {%- set rows = [] -%}
    {%- for cap in var('caps') -%}
        {%- do rows.append(dict(
            cap, per=cap.get('per', 'customer'), country_code=cap.get('country')
        )) -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'cap_id': text, 'per': text, 'purpose': text, 'channel': text,
            'cap_group': text, 'brand': text, 'country_code': text,
            'region': text, 'max_messages': whole, 'days': whole,
            'hours': whole, 'runs': whole,
        },
        rows,
    ) }}
{%- endmacro %}
