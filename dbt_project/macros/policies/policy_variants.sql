{#-
    The arms of the triggers' experiments as ranges of buckets, as a query. The
    held out come first; the treated share the rest by weight.
-#}
{% macro policy_variants() -%}
    {%- set text, whole = dbt.type_string(), dbt.type_bigint() -%}
    {%- set rows = [] -%}
    {%- for node in policy_nodes('trigger') if node.policy.get('experiment') -%}
        {%- set experiment = node.policy.experiment -%}
        {%- set held_out =
            (experiment.get('holdout', 0) * 10000) | round | int -%}
        {%- set state = namespace(weight=0, start=held_out) -%}
        {%- set shared = {
            'trigger_id': node.policy.id, 'experiment_id': experiment.salt,
        } -%}
        {%- do rows.append(dict(
            shared, arm='held_out', bucket_from=0, bucket_to=held_out,
        )) -%}
        {%- for variant in experiment.get('variants', [])
            or [{'name': 'default', 'weight': 100}] -%}
            {%- set state.weight = state.weight + variant.weight -%}
            {%- set end = held_out
                + ((10000 - held_out) * state.weight / 100) | round | int -%}
            {%- do rows.append(dict(
                shared, arm='treated', variant=variant.name,
                bucket_from=state.start, bucket_to=end,
                sender=variant.get('sender') or node.policy.sender,
                subject=variant.get('subject'), offer=variant.get('offer'),
                delay_seconds=duration_seconds(variant.get('delay', '0s')),
                route=variant.name if variant.get('channels') else 'default',
            )) -%}
            {%- set state.start = end -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows_of(
        {
            'trigger_id': text, 'experiment_id': text, 'arm': text,
            'variant': text, 'route': text, 'sender': text, 'subject': text,
            'offer': text,
            'bucket_from': whole, 'bucket_to': whole, 'delay_seconds': whole,
        },
        rows,
    ) }}
{%- endmacro %}
