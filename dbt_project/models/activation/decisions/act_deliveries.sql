{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='message_key',
        full_refresh=false,
        on_schema_change='append_new_columns',
        tags=['outcomes'],
    )
}}

with changes as (

    select * from {{ ref('stg_engine__delivery_changes') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by message_key
            order by sequence desc, copied_at desc
        ) as recency
    from changes

),

times as (

    select
        message_key,
        min(
            case when state in ('accepted', 'delivered') then changed_at end
        ) as accepted_at,
        max(
            case when state in ('claimed', 'unknown') then changed_at end
        ) as claimed_at
    from changes
    group by message_key

),

latest as (

    select
        numbered.message_key,
        numbered.decision_id,
        numbered.environment,
        numbered.brand,
        numbered.trigger_id,
        numbered.occurrence_ids,
        numbered.customer_id,
        numbered.unit_id,
        numbered.purpose,
        numbered.channel,
        numbered.destination,
        numbered.contact_point,
        numbered.template,
        numbered.variant,
        numbered.state,
        numbered.reason,
        numbered.provider_id,
        numbered.trigger_version,
        numbered.attempt_id,
        numbered.run_id,
        numbered.sequence,
        numbered.changed_at,
        times.claimed_at,
        times.accepted_at
    from numbered
    inner join times on numbered.message_key = times.message_key
    where numbered.recency = 1

)

select latest.*
from latest
{% if this and is_incremental() -%}
left join {{ this }} as known
    on latest.message_key = known.message_key
where known.message_key is null or known.sequence < latest.sequence
{%- endif %}
