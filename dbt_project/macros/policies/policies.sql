{#- The triggers' policies as a query, one row per trigger. -#}
{% macro policies() -%}
    {%- set text, whole = dbt.type_string(), dbt.type_bigint() -%}
    {%- set columns = {
        'trigger_id': text, 'environment': text, 'brand': text,
        'model_name': text, 'kind': text, 'purpose': text, 'basis': text,
        'sender': text, 'channels': text, 'on_cap': text, 'on_unknown': text,
        'owner': text, 'experiment_id': text, 'salt': text,
        'weight_epoch': text, 'goal_event': text, 'goal_value': text,
        'channel_mode': text, 'cap_group': text, 'after_step': text,
        'quiet_hours': text, 'digest': text, 'time_profile': text,
        'countries': text, 'schedule': text,
        'trigger_version': whole, 'priority': whole,
        'reentry_seconds': whole, 'min_gap_seconds': whole,
        'time_to_live_seconds': whole, 'goal_window_seconds': whole,
        'live_offset_seconds': whole, 'max_volume': whole,
        'stale_after_seconds': whole, 'approval': whole,
        'send_time_within_seconds': whole,
        'send_time_control_share': dbt.type_numeric(),
        'holdout_share': dbt.type_numeric(),
        'is_enabled': 'boolean', 'is_mandatory': 'boolean',
        'live_from': dbt.type_timestamp(),
    } -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') -%}
        {%- do rows.append(policy_row(node)) -%}
    {%- endfor -%}
    {{ rows_of(columns, rows) }}
{%- endmacro %}
