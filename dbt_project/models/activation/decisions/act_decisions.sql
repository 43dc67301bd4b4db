{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

{#- A decision closes its occurrence to every other record, so it comes last. #}
-- depends_on: {{ ref('act_entries') }}
with verdicts as (

    select *
    from {{ ref('act_verdicts') }}
    where
        (
            last_verdict is null
            or last_verdict <> verdict
            or last_reason <> reason
            or is_reopened
        )
        and {{ may_record() }}

),

decisions as (

    select
        {{ decision_key('occurrence_id', 'leg') }} as decision_id,
        occurrence_id,
        leg,
        environment,
        brand,
        trigger_id,
        customer_id,
        unit_id,
        verdict,
        reason,
        channel,
        contact_point_id,
        contact_point,
        template,
        variant,
        subject,
        sender,
        offer,
        digest,
        case
            when verdict = 'send'
                then {{ decision_key('carrier_occurrence_id', 'carrier_leg') }}
        end as carrier_decision_id,
        assignment_id,
        outranked_by_occurrence_id,
        outranked_by_trigger_id,
        cap,
        plan_digest,
        trigger_version,
        priority,
        {{ run_number() }} as run_id,
        is_final,
        send_not_before,
        send_not_after,
        {{ as_of() }} as decided_at
    from verdicts

)

select decisions.*
from decisions
{% if this and is_incremental() -%}
left join {{ this }} as decided
    on decisions.decision_id = decided.decision_id
where decided.decision_id is null
{%- endif %}
