{#- A value of the YAML as a typed SQL literal. -#}
{% macro literal(value, type) -%}
    {%- if value is none -%}
        {{ return('cast(null as ' ~ type ~ ')') }}
    {%- endif -%}
    {{ return(
        "cast('" ~ (value | string | replace("'", "''")) ~ "' as " ~ type ~ ')'
    ) }}
{%- endmacro %}
