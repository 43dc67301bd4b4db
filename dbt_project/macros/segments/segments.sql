{#- The segments whose entries and exits are recorded. -#}
{% macro segments() -%}
    {{ return([
        'seg_lapsed_customers',
        'seg_new_customers',
        'seg_newsletter_subscribers',
        'seg_repeat_customers',
    ]) }}
{%- endmacro %}
