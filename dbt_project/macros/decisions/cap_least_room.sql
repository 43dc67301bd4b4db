{#-
    The room in the cap with the least of it; more than there can be messages where
    no cap stands in the way.
-#}
{% macro cap_least_room() -%}
    {%- set rooms = [] -%}
    {%- for cap in cap_rules() -%}
        {%- do rooms.append('coalesce(room_' ~ cap.cap_id ~ ', 2000000000)') -%}
    {%- endfor -%}
    {{ return('least(' ~ rooms | join(', ') ~ ')') }}
{%- endmacro %}
