with occurrences as (

    select occurrences.*
    from {{ resolved_survivors(ref('act_occurrences')) }} as occurrences

),

policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select *
    from {{ ref('act_policy_channels') }}
    where variant = 'default'

),

sends as (

    select * from {{ ref('act_sends') }}

),

histories as (

    select * from {{ ref('act_verdict_histories') }}

),

{#- What a trigger's messages go to: one of its channels, or each. -#}
legs as (

    select
        trigger_id,
        '' as leg
    from policies
    where channel_mode <> 'all'
    union all
    select
        policies.trigger_id,
        channels.channel as leg
    from policies
    inner join channels on policies.trigger_id = channels.trigger_id
    where policies.channel_mode = 'all'

),

{#- Whoever was decided once keeps the legs of that time, whatever its policy
    says now: nothing is sent a second time, nothing stays open for ever. -#}
decided as (

    select
        occurrences.*,
        histories.leg,
        histories.last_verdict,
        histories.last_reason,
        histories.is_final,
        histories.withheld_since as present_withheld_since,
        coalesce(
            sends.outcome in (
                'returned', 'rejected', 'failed', 'lapsed', 'abandoned'
            ),
            {#- It lost to a message that was never handed over. #}
            histories.last_verdict in ('capped', 'outranked_dropped')
            and not histories.is_standing,
            false
        ) as is_reopened
    from occurrences
    inner join histories
        on occurrences.occurrence_id = histories.occurrence_id
    left join sends
        on histories.occurrence_id = sends.occurrence_id
            and histories.leg = sends.leg

),

undecided as (

    select
        occurrences.*,
        coalesce(legs.leg, '') as leg
    from occurrences
    left join histories
        on occurrences.occurrence_id = histories.occurrence_id
    left join legs on occurrences.trigger_id = legs.trigger_id
    where histories.occurrence_id is null

),

open_occurrences as (

    select
        occurrence_id,
        leg,
        environment,
        brand,
        trigger_id,
        survivor_id as customer_id,
        occurrence_key,
        series_key,
        last_verdict,
        last_reason,
        trigger_version,
        step,
        is_reopened,
        present_withheld_since as withheld_since,
        occurred_at,
        eligible_at,
        expires_at,
        cancelled_at
    from decided
    where is_reopened or (not is_final and last_verdict <> 'send')
    union all
    select
        occurrence_id,
        leg,
        environment,
        brand,
        trigger_id,
        survivor_id as customer_id,
        occurrence_key,
        series_key,
        cast(null as {{ dbt.type_string() }}) as last_verdict,
        cast(null as {{ dbt.type_string() }}) as last_reason,
        trigger_version,
        step,
        false as is_reopened,
        withheld_since,
        occurred_at,
        eligible_at,
        expires_at,
        cancelled_at
    from undecided

)

select * from open_occurrences
