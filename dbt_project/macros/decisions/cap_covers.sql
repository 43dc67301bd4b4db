{#-
    The condition under which a message falls under a cap: all its scopes match,
    and its purpose is not exempt, unless the cap names it.
-#}
{% macro cap_covers(cap) -%}
    {%- set conditions = [] -%}
    {%- for key, column in {
        'purpose': 'purpose', 'channel': 'channel', 'cap_group': 'cap_group',
        'brand': 'brand', 'country': 'country_code', 'region': 'region',
    }.items() if cap.get(key) is not none -%}
        {%- do conditions.append(
            column ~ ' = ' ~ literal(cap[key], dbt.type_string())
        ) -%}
    {%- endfor -%}
    {%- if cap.get('purpose') is none -%}
        {%- for purpose in var('cap_exempt_purposes') -%}
            {%- do conditions.append(
                'purpose <> ' ~ literal(purpose, dbt.type_string())
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(conditions | join(' and ') or '1 = 1') }}
{%- endmacro %}
