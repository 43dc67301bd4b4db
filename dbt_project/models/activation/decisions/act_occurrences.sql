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

-- depends_on: {{ ref('int_customer_merges') }}
-- depends_on: {{ ref('int_crowded_identities') }}
with policies as (

    select * from {{ ref('act_policies') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

quality_blocks as (

    select * from {{ ref('stg_engine__quality_blocks') }}

),

keyed as (

    select * from {{ ref('act_due_occurrences') }}

),

blocked_triggers as (

    select distinct policies.trigger_id
    from policies
    inner join stops
        on stops.scope in ('all', 'trigger:' || policies.trigger_id)
    where stops.stop = 'blocked'

),

blocks as (

    select
        policies.trigger_id,
        quality_blocks.created_at,
        quality_blocks.until
    from policies
    inner join quality_blocks
        on quality_blocks.scope in ('all', 'trigger:' || policies.trigger_id)

),

{#- Since when a gate has kept out what was due: a block that ended meanwhile
    overlapped its wait. -#}
withheld as (

    select
        keyed.occurrence_id,
        min(greatest(keyed.eligible_at, blocks.created_at)) as withheld_since
    from keyed
    inner join blocks
        on keyed.trigger_id = blocks.trigger_id
            and keyed.eligible_at < blocks.until
    where keyed.expires_at > {{ as_of() }}
    group by keyed.occurrence_id

),

admitted as (

    select
        keyed.occurrence_id,
        keyed.environment,
        keyed.brand,
        keyed.trigger_id,
        keyed.customer_id,
        keyed.occurrence_key,
        keyed.series_key,
        keyed.context,
        keyed.trigger_version,
        keyed.step,
        keyed.occurred_at,
        keyed.eligible_at,
        keyed.expires_at,
        keyed.cancelled_at,
        withheld.withheld_since
    from keyed
    left join withheld on keyed.occurrence_id = withheld.occurrence_id
    left join blocked_triggers
        on keyed.trigger_id = blocked_triggers.trigger_id
    where
        blocked_triggers.trigger_id is null
        and keyed.is_due
        and {{ may_record() }}

),
{% if this and is_incremental() %}
seen as (

    select seen.*
    from {{ resolved_survivors(this) }} as seen

),

looks as (

    select distinct
        trigger_id,
        trigger_version,
        first_seen_at
    from seen

),

{#- What only a merge makes true, before it was known, is no reason to write:
    a run has looked in between and found nothing of it. -#}
hindsight as (

    select distinct admitted.occurrence_id
    from admitted
    inner join {{ ref('int_customer_merges') }} as customer_merges
        on admitted.customer_id = customer_merges.customer_id
    inner join looks
        on admitted.trigger_id = looks.trigger_id
            and admitted.trigger_version = looks.trigger_version
            and admitted.eligible_at <= looks.first_seen_at
            and customer_merges.known_at > looks.first_seen_at

),

{#- Of customers who were merged, parted or found to be a crowd: what their
    trigger says no more, or says of somebody else, has lost its reason; so has
    what was brought forward and did not come true. -#}
moved_customers as (

    select absorbed_customer_id as customer_id
    from {{ ref('int_customer_merges') }}
    union
    select customer_id
    from {{ ref('int_customer_merges') }}
    union
    select identity_id as customer_id
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

withdrawn as (

    select seen.*
    from seen
    inner join policies
        on seen.trigger_id = policies.trigger_id
            and seen.trigger_version = policies.trigger_version
    left join keyed on seen.occurrence_id = keyed.occurrence_id
    left join moved_customers on seen.customer_id = moved_customers.customer_id
    where
        seen.cancelled_at is null
        and seen.expires_at > {{ as_of() }}
        and {{ may_record() }}
        and (
            seen.survivor_id <> keyed.customer_id
            or (
                keyed.occurrence_id is null
                and (
                    moved_customers.customer_id is not null
                    or seen.first_seen_at < seen.eligible_at
                )
            )
        )

),
{% endif %}
recorded as (

    select
        admitted.*,
        {{ run_number() }} as first_seen_run_id,
        {{ as_of() }} as first_seen_at
    from admitted
    {% if this and is_incremental() -%}
    left join seen on admitted.occurrence_id = seen.occurrence_id
    left join hindsight on admitted.occurrence_id = hindsight.occurrence_id
    where
        (seen.occurrence_id is null and hindsight.occurrence_id is null)
        or (
            seen.cancelled_at is null
            and admitted.cancelled_at is not null
            and seen.survivor_id = admitted.customer_id
        )
    union all
    select
        occurrence_id,
        environment,
        brand,
        trigger_id,
        customer_id,
        occurrence_key,
        series_key,
        context,
        trigger_version,
        step,
        occurred_at,
        eligible_at,
        expires_at,
        {{ as_of() }} as cancelled_at,
        withheld_since,
        first_seen_run_id,
        first_seen_at
    from withdrawn
    {%- endif %}

)

select * from recorded
