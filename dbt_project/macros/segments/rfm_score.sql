{#-
    The quintile of a measure: 1 and one more for each boundary that a customer
    reaches, by value or, at the same value, by id.
-#}
{% macro rfm_score(measure) -%}
    1
    {%- for quintile in [2, 3, 4, 5] %}
    {%- set boundary = 'boundaries.' ~ measure ~ '_' ~ quintile %}
    + case
        when measured.{{ measure }} > {{ boundary }} then 1
        when
            measured.{{ measure }} = {{ boundary }}
            and measured.customer_id >= {{ boundary }}_id then 1
        else 0
    end
    {%- endfor %}
{%- endmacro %}
