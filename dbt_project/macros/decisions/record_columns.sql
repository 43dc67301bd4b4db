{#- What the models read of records that earlier runs may have left. -#}
{% macro record_columns() -%}
    {%- set text, whole = dbt.type_string(), dbt.type_bigint() -%}
    {%- set time = dbt.type_timestamp() -%}
    {{ return({
        'act_decisions': {
            'decision_id': text, 'occurrence_id': text, 'leg': text,
            'trigger_id': text,
            'customer_id': text, 'unit_id': text, 'verdict': text,
            'reason': text, 'channel': text, 'contact_point': text,
            'brand': text, 'assignment_id': text, 'plan_digest': text,
            'carrier_decision_id': text,
            'run_id': whole, 'is_final': 'boolean', 'send_not_after': time,
            'decided_at': time,
        },
        'act_entries': {
            'occurrence_id': text, 'trigger_id': text, 'customer_id': text,
            'series_key': text, 'step': whole, 'entered_at': time,
        },
        'act_assignments': {
            'assignment_id': text, 'experiment_id': text, 'unit_id': text,
            'arm': text, 'trigger_id': text, 'entry_occurrence_id': text,
            'assigned_run_id': whole, 'assigned_at': time,
        },
    }) }}
{%- endmacro %}
