{#- A time before all others, where null would mean the same but not compare. -#}
{% macro far_past() -%}
    {{ return("cast('1900-01-01 00:00:00' as " ~ dbt.type_timestamp() ~ ")") }}
{%- endmacro %}
