{#-
    Whether a row ever becomes due: it is neither cancelled nor over before it
    is eligible. Every trigger ends with this.
-#}
{% macro is_occurrence() -%}
    eligible_at < expires_at
    and (cancelled_at is null or cancelled_at > eligible_at)
{%- endmacro %}
