{{ config(materialized='view') }}

with draws as (

    select *
    from {{ ref('act_draws') }}
    where held_out_reason is null

),

timing as (

    select *
    from {{ ref('act_timing') }}
    where timing_reason is null

),

past_messages as (

    select *
    from {{ ref('act_past_messages') }}
    where is_concurrent

),

due as (

    select draws.*
    from draws
    inner join timing
        on draws.occurrence_id = timing.occurrence_id
            and draws.leg = timing.leg

),

{#- What one message can carry. The purpose is part of it, so that nothing rides
    in a message that asks for less consent, or that no cap counts. -#}
digests as (

    select
        *,
        first_value(occurrence_id) over one_message as carrier_occurrence_id,
        first_value(leg) over one_message as carrier_leg
    from due
    where digest is not null
    window
        one_message as (
            partition by
                customer_id, channel, contact_point, brand, purpose, digest
            order by priority, eligible_at, occurrence_id, leg
        )

),

carried as (

    select
        *,
        occurrence_id as carrier_occurrence_id,
        leg as carrier_leg
    from due
    where digest is null
    union all
    select * from digests

),

bids as (

    select
        occurrence_id,
        leg,
        carrier_occurrence_id,
        carrier_leg,
        brand,
        trigger_id,
        customer_id,
        contact_point,
        channel,
        purpose,
        cap_group,
        country_code,
        region,
        on_cap,
        priority,
        occurrence_id = carrier_occurrence_id
        and leg = carrier_leg as is_carrier,
        false as is_concurrent,
        eligible_at
    from carried
    union all
    {#- Whom a pass at this very instant chose has won this contest too, so that
        repeating the pass changes nothing. #}
    select
        occurrence_id,
        '' as leg,
        occurrence_id as carrier_occurrence_id,
        '' as carrier_leg,
        brand,
        trigger_id,
        customer_id,
        contact_point,
        channel,
        purpose,
        cap_group,
        country_code,
        region,
        'defer' as on_cap,
        0 as priority,
        true as is_carrier,
        is_concurrent,
        {{ as_of() }} as eligible_at
    from past_messages

)

select * from bids
