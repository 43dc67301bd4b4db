{#-
    The condition under which a past message still counts for a cap. Those of the
    run at hand are counted where they compete, so a cap per run remembers none.
-#}
{% macro cap_remembers(cap) -%}
    {%- if cap.get('days') is not none -%}
        {{ return('days_ago < ' ~ cap.days) }}
    {%- elif cap.get('hours') is not none -%}
        {{ return('seconds_ago < ' ~ cap.hours * 3600) }}
    {%- endif -%}
    {{ return('1 = 0') }}
{%- endmacro %}
