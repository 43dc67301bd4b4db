{#- The earlier of two times, of which either may be null. -#}
{% macro earliest(first, second) -%}
    case
        when {{ second }} is null or {{ first }} <= {{ second }}
            then {{ first }}
        else {{ second }}
    end
{%- endmacro %}
