{#- One trigger's policy as a row of `policies`, its defaults filled in. -#}
{% macro policy_row(node) -%}
    {%- set policy = node.policy -%}
    {%- set experiment = policy.get('experiment') or {} -%}
    {%- set goal = policy.get('goal') or {} -%}
    {%- set launch = policy.get('live_from') | string -%}
    {%- set is_offset = modules.re.match('^-?[0-9]+[smhd]$', launch) -%}
    {%- set is_marketing = policy.purpose == 'marketing' -%}
    {%- set send_time = policy.get('send_time') or {} -%}
    {%- set stale_after = policy.get('stale_after')
        or ('24h' if is_marketing else 'never') -%}
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
        'channel_mode': policy.channels.get('mode', 'first'),
        'cap_group': policy.get('cap_group'),
        'digest': policy.get('digest'),
        'after_step': policy.get('after_step', 'previous'),
        'quiet_hours': policy.get('quiet_hours', 'defer'),
        'time_profile': time_profile(policy),
        'send_time_within_seconds':
            duration_seconds(send_time.get('within', '24h'))
            if send_time else none,
        'send_time_control_share':
            send_time.get('control', 0.1) if send_time else none,
        'countries': tojson(policy.countries) if policy.get('countries')
            else none,
        'schedule': policy.get('schedule', 'every_build'),
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
        'stale_after_seconds':
            none if stale_after == 'never' else duration_seconds(stale_after),
        'max_volume': policy.get('max_volume'),
        'approval': policy.get('approval'),
        'holdout_share': experiment.get('holdout', 0) if experiment else none,
        'is_enabled': policy.get('enabled', true),
        'is_mandatory': policy.get('mandatory', false),
        'live_from':
            none if is_offset else policy.get('live_from'),
    }) }}
{%- endmacro %}
