{#- Whoever was born after this day is too young for marketing. -#}
{% macro youngest_birth_date() -%}
    cast({{ dbt.dateadd(
        'year', -1 * var('minimum_marketing_age_years'), as_of()
    ) }} as date)
{%- endmacro %}
