{#- A time after all others, where null would mean the same but not compare. -#}
{% macro far_future() -%}
    {{ return("cast('9999-12-31 00:00:00' as " ~ dbt.type_timestamp() ~ ")") }}
{%- endmacro %}
