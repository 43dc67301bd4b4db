{#- When the quarter of an hour of UTC began that holds an instant. -#}
{% macro slot_of(instant) -%}
    {%- set hour = dbt.date_trunc('hour', instant) -%}
    {%- set minutes = whole(dbt.datediff(hour, instant, 'minute')) -%}
    {{ return(dbt.dateadd(
        'minute', '(' ~ minutes ~ ' - mod(' ~ minutes ~ ', 15))', hour
    )) }}
{%- endmacro %}
