with bids as (

    select * from {{ ref('act_bids') }}

),

past_messages as (

    select * from {{ ref('act_past_messages') }}

),

{{ cap_rooms('bids', 'past_messages') }},

{#- Those whom a cap may keep from being sent, and has not yet. -#}
contestants as (

    select
        *,
        row_number() over (
            order by
                case when is_concurrent then 0 else 1 end,
                priority, eligible_at, occurrence_id, leg
        ) as place
    from rivals
    where
        {{ cap_first('room_* is not null', 'room_*') }} is not null
        and ({{ cap_least_room() }} > 0 or is_concurrent)

),

{{ cap_rounds('contestants') }},

standings as (

    select
        contestants.*,
        placed.chosen_in_round,
        placed.place is not null as is_placed
    from contestants
    left join placed on contestants.place = placed.place

),

{{ cap_losers('standings') }},

lost as (

    {#- Past messages alone have used up a cap. #}
    select
        occurrence_id,
        leg,
        'cap_reached' as reason,
        {{ cap_first('room_* <= 0', "'*'") }} as cap,
        null as winner_place
    from rivals
    where {{ cap_least_room() }} <= 0 and not is_concurrent
    union all
    select
        occurrence_id,
        leg,
        'outranked' as reason,
        cap,
        winner_place
    from losers
    union all
    {#- The rounds came to an end before it: it waits, and takes nothing of
        those before it. #}
    select
        occurrence_id,
        leg,
        'unfinished' as reason,
        null as cap,
        null as winner_place
    from standings
    where is_placed and chosen_in_round is null

),

contest as (

    select
        rivals.occurrence_id,
        rivals.leg,
        case
            when lost.reason is null then 'chosen'
            when lost.reason = 'unfinished' or rivals.on_cap <> 'drop'
                then lost.reason
            else lost.reason || '_dropped'
        end as reason,
        lost.cap,
        winners.occurrence_id as outranked_by_occurrence_id,
        winners.trigger_id as outranked_by_trigger_id,
        rivals.carrier_occurrence_id,
        rivals.carrier_leg
    from rivals
    left join lost
        on rivals.carrier_occurrence_id = lost.occurrence_id
            and rivals.carrier_leg = lost.leg
    left join contestants as winners on lost.winner_place = winners.place
    where not rivals.is_concurrent

)

select * from contest
