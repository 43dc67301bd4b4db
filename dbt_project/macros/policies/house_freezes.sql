{#- The freezes of the project's variables, a row for each thing frozen. -#}
{% macro house_freezes() -%}
    {%- set text = dbt.type_string() -%}
    {%- set rows = [] -%}
    {%- for freeze in var('freezes') -%}
        {%- for purpose in freeze.get('purposes') or [none] -%}
        {%- for channel in freeze.get('channels') or [none] -%}
        {%- for brand in freeze.get('brands') or [none] -%}
        {%- for country in freeze.get('countries') or [none] -%}
            {%- do rows.append({
                'freeze_id': freeze.freeze_id, 'purpose': purpose,
                'channel': channel, 'brand': brand, 'country_code': country,
                'starts_on': freeze.from, 'ends_on': freeze.to,
            }) -%}
        {%- endfor -%}
        {%- endfor -%}
        {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'freeze_id': text, 'purpose': text, 'channel': text, 'brand': text,
            'country_code': text, 'starts_on': 'date', 'ends_on': 'date',
        },
        rows,
    ) }}
{%- endmacro %}
