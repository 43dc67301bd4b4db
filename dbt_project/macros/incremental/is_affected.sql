{#-
    The condition that something happened to a row's customer since this model
    was last built; true of all rows in a first build or a full refresh.
-#}
{% macro is_affected(customer_id='customer_id') -%}
    {%- if not execute -%}
        {%- do ref('int_changed_customers') -%}
    {%- endif -%}
    {%- if this and is_incremental() -%}
        {{ customer_id }} in (
            {{ affected_keys('customer_id', ref('int_changed_customers')) }}
        )
    {%- else -%}
        {{ customer_id }} is not null
    {%- endif -%}
{%- endmacro %}
