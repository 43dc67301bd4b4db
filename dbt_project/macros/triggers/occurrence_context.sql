{#- An occurrence's context: the JSON text of {key: expression} and its step. -#}
{% macro occurrence_context(fields={}) -%}
    cast({{ json_object(dict(fields, step='step')) }} as {{ dbt.type_string() }})
{%- endmacro %}
