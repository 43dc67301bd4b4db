{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='occurrence_id',
        merge_update_columns=['cancelled_at'],
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

with policies as (

    select * from {{ ref('act_policies') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

triggered as (
    {% for model in trigger_models() %}
    select
        '{{ model }}' as model_name,
        customer_id,
        occurrence_key,
        series_key,
        context,
        step,
        occurred_at,
        eligible_at,
        expires_at,
        {#- What was not known yet has not happened yet. -#}
        case
            when cancelled_at <= {{ as_of() }} then cancelled_at
        end as cancelled_at
    from {{ ref(model) }}
    where eligible_at <= {{ as_of() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

keyed as (

    select
        {{ stable_key([
            'policies.environment',
            'policies.brand',
            'policies.trigger_id',
            'policies.trigger_version',
            'triggered.occurrence_key',
        ]) }} as occurrence_id,
        policies.environment,
        policies.brand,
        policies.trigger_id,
        triggered.customer_id,
        triggered.occurrence_key,
        triggered.series_key,
        triggered.context,
        policies.trigger_version,
        cast(triggered.step as {{ dbt.type_bigint() }}) as step,
        triggered.occurred_at,
        triggered.eligible_at,
        triggered.expires_at,
        triggered.cancelled_at
    from triggered
    inner join policies on triggered.model_name = policies.model_name

),

blocked_triggers as (

    select distinct policies.trigger_id
    from policies
    inner join stops
        on stops.scope in ('all', 'trigger:' || policies.trigger_id)
    where stops.stop = 'blocked'

),

admitted as (

    select keyed.*
    from keyed
    left join blocked_triggers
        on keyed.trigger_id = blocked_triggers.trigger_id
    where blocked_triggers.trigger_id is null and {{ may_record() }}

),

recorded as (

    select
        admitted.*,
        {{ run_number() }} as first_seen_run_id,
        {{ as_of() }} as first_seen_at
    from admitted
    {% if this and is_incremental() -%}
    left join {{ this }} as seen
        on admitted.occurrence_id = seen.occurrence_id
    where
        seen.occurrence_id is null
        or (seen.cancelled_at is null and admitted.cancelled_at is not null)
    {%- endif %}

)

select * from recorded
