{#-
    The condition on a parent that is read whole beside an affected one: false
    when nothing happened to any customer since the model was last built.
-#}
{% macro is_needed() -%}
    {%- if not (this and is_incremental())
        or has_news(ref('int_changed_customers')) -%}
        true
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
