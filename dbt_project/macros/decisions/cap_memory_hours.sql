{#- Hours after which no cap remembers a message, wherever its customer lives. -#}
{% macro cap_memory_hours() -%}
    {%- set memories = [0] -%}
    {%- for cap in var('caps') -%}
        {%- if cap.get('days') is not none -%}
            {%- do memories.append((cap.days + 2) * 24) -%}
        {%- elif cap.get('hours') is not none -%}
            {%- do memories.append(cap.hours + 1) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(memories | max) }}
{%- endmacro %}
