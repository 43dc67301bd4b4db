{#-
    The condition that something happened to a row's customer since this model
    was last built; true of all rows in a first build or a full refresh.
-#}
{% macro is_affected() -%}
    {%- if not execute -%}
        {%- do ref('int_changed_customers') -%}
    {%- endif -%}
    {%- if this and is_incremental() -%}
        {{ is_listed('customer_id', ref('int_changed_customers')) }}
    {%- else -%}
        customer_id is not null
    {%- endif -%}
{%- endmacro %}
