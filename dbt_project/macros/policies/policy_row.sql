{#- One trigger's policy as a row of `policies`, its defaults filled in. -#}
{% macro policy_row(node) -%}
    {%- set policy = node.policy -%}
    {%- if policy.channels.get('mode', 'first') != 'first' -%}
        {%- do exceptions.raise_compiler_error(
            node.model ~ ': channels.mode must be `first`: an occurrence is '
            ~ 'sent once, on the first channel that reaches the customer'
        ) -%}
    {%- endif -%}
    {%- set experiment = policy.get('experiment') or {} -%}
    {%- set goal = policy.get('goal') or {} -%}
    {%- set launch = policy.get('live_from') | string -%}
    {%- set is_offset = modules.re.match('^-?[0-9]+[smhd]$', launch) -%}
    {%- set is_marketing = policy.purpose == 'marketing' -%}
    {{ return({
        'trigger_id': policy.id,
        'environment': var('environment'),
        'brand': policy.get('brand', 'default'),
        'model_name': node.model,
        'kind': policy.kind,
        'purpose': policy.purpose,
        'basis': policy.basis,
        'sender': policy.sender,
        'channels': tojson(policy.channels.names),
        'on_cap': policy.get('on_cap', 'defer'),
        'on_unknown': policy.get('on_unknown')
            or ('hold' if is_marketing else 'resend'),
        'owner': policy.owner,
        'experiment_id': experiment.get('salt'),
        'salt': experiment.get('salt'),
        'weight_epoch': weight_epoch(experiment) if experiment else none,
        'goal_event': goal.get('event'),
        'goal_value': goal.get('value'),
        'trigger_version': policy.get('version', 1),
        'priority': priority_number(policy.priority),
        'reentry_seconds': duration_seconds(policy.get('reentry')),
        'min_gap_seconds': duration_seconds(policy.get('min_gap')),
        'time_to_live_seconds':
            duration_seconds(policy.get('time_to_live', '24h')),
        'goal_window_seconds': duration_seconds(goal.get('window')),
        'live_offset_seconds':
            duration_seconds(launch) if is_offset else none,
        'max_volume': policy.get('max_volume'),
        'holdout_share': experiment.get('holdout', 0) if experiment else none,
        'is_enabled': policy.get('enabled', true),
        'is_mandatory': policy.get('mandatory', false),
        'live_from':
            none if is_offset else policy.get('live_from'),
    }) }}
{%- endmacro %}
