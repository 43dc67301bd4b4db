{#- Whether two values differ, where null is a value like any other. -#}
{% macro is_other(first, second) -%}
    coalesce(
        {{ first }} <> {{ second }},
        not ({{ first }} is null and {{ second }} is null)
    )
{%- endmacro %}
