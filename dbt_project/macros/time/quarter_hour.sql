{#-
    The number of the quarter of an hour in which an instant lies. Days of every
    zone begin with one, so that what is asked of many instants by local day can
    be asked of their quarters.
-#}
{% macro quarter_hour(instant) -%}
    {{ return(whole(
        'floor(' ~ quotient(
            dbt.datediff(far_past(), instant, 'minute'), 15
        ) ~ ')'
    )) }}
{%- endmacro %}
