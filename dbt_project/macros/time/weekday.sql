{#- The weekday of a local time as a number; 1 is Monday. -#}
{% macro weekday(local_at) -%}
    {#- The far past began with a Monday. -#}
    {{ return(
        "mod(" ~ whole(dbt.datediff(far_past(), local_at, 'day')) ~ ", 7) + 1"
    ) }}
{%- endmacro %}
