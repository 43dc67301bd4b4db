{#- The hour of a local time in its week: 0 is Monday's first, 167 Sunday's last. -#}
{% macro hour_of_week(local_at) -%}
    {#- That day was a Monday. -#}
    {{ return(
        "mod(" ~ whole(dbt.datediff(far_past(), local_at, 'hour')) ~ ", 168)"
    ) }}
{%- endmacro %}
