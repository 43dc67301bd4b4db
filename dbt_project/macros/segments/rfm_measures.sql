{#-
    What RFM looks at, as measure and number, the better the higher: of recency
    the seconds since 1970 at the last order.
-#}
{% macro rfm_measures() -%}
    {{ return({
        'recency': amount(dbt.datediff(
            "cast('1970-01-01' as " ~ dbt.type_timestamp() ~ ")",
            'last_ordered_at', 'second'
        )),
        'frequency': amount('order_count'),
        'monetary': amount('net_amount'),
    }) }}
{%- endmacro %}
