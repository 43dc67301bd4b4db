{#- The countries in which the business sells, in their order, as a query. -#}
{% macro market_rows() -%}
    {%- set rows = [] -%}
    {%- for country in var('markets') -%}
        {%- do rows.append(
            {'country_code': country, 'market_position': loop.index}
        ) -%}
    {%- endfor -%}
    {%- if not rows -%}
        {%- do exceptions.raise_compiler_error(
            'vars.markets in dbt_project.yml is empty: name the countries in'
            ~ ' which the business sells'
        ) -%}
    {%- endif -%}
    {{ rows_of(
        {
            'country_code': dbt.type_string(),
            'market_position': dbt.type_bigint(),
        },
        rows,
    ) }}
{%- endmacro %}
