{#-
    What decides when a policy's messages may go, as one text: its purpose and,
    where it has one, its send window with weekdays (1 is Monday) and holidays.
-#}
{% macro time_profile(policy) -%}
    {%- set window = policy.get('send_window') -%}
    {%- if not window -%}
        {{ return(policy.purpose) }}
    {%- endif -%}
    {{ return(
        policy.purpose ~ ' ' ~ window.from ~ '-' ~ window.to ~ '|'
        ~ window_days(window) ~ '|'
        ~ ('holidays' if window.get('holidays', true) else 'no holidays')
    ) }}
{%- endmacro %}
