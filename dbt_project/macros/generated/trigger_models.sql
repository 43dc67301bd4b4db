{#- Generated from the models' folder; every `activation` command that parses refreshes it. -#}
{% macro trigger_models() -%}
{{ return([
    'trg_cart_abandonment',
    'trg_order_confirmation',
    'trg_welcome_series',
    'trg_win_back',
]) }}
{%- endmacro %}
