{#-
    What stands for the first cap, in the order of the variable, for which a
    condition holds. In condition and value `*` is the cap.
-#}
{% macro cap_first(condition, value) -%}
    case
        {%- for cap in cap_rules() %}
        when {{ condition | replace('*', cap.cap_id) }}
            then {{ value | replace('*', cap.cap_id) }}
        {%- endfor %}
    end
{%- endmacro %}
