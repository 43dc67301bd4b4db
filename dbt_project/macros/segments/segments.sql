{#- The segments whose entries and exits are recorded. -#}
{% macro segments() -%}
    {{ return([
        'seg_at_risk_customers',
        'seg_bargain_hunters',
        'seg_champions',
        'seg_dormant_subscribers',
        'seg_high_intent_customers',
        'seg_lapsed_customers',
        'seg_loyal_customers',
        'seg_new_customers',
        'seg_newsletter_subscribers',
        'seg_promising_customers',
        'seg_repeat_customers',
        'seg_vip_customers',
    ]) }}
{%- endmacro %}
