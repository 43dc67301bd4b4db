with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed

),

policies as (

    select * from {{ ref('act_policies') }}

),

arms as (

    select * from {{ ref('act_arms') }}

),

past_messages as (

    select * from {{ ref('act_past_messages') }}

),

caps as (

    select * from {{ ref('act_caps') }}

),

drawn as (

    select
        candidates.occurrence_id,
        candidates.unit_id,
        candidates.trigger_id,
        candidates.priority,
        candidates.eligible_at,
        policies.purpose,
        policies.max_volume,
        policies.on_cap,
        global_arms.assignment_id as global_assignment_id,
        global_arms.arm as global_arm,
        trigger_arms.assignment_id,
        trigger_arms.arm,
        trigger_arms.variant
    from candidates
    inner join policies on candidates.trigger_id = policies.trigger_id
    left join arms as global_arms
        on candidates.unit_id = global_arms.unit_id
            and policies.purpose = 'marketing'
            and global_arms.experiment_id = {{ global_experiment() }}
            and {{ global_holdout_buckets() }} > 0
    left join arms as trigger_arms
        on candidates.unit_id = trigger_arms.unit_id
            and policies.purpose = 'marketing'
            and policies.experiment_id = trigger_arms.experiment_id

),

judged as (

    select
        *,
        case
            when global_arm = 'held_out' then 'held_out_global'
            when arm = 'held_out' then 'held_out_trigger'
        end as held_out_reason
    from drawn

),

{#- What is left of each cap for each unit. Whom a pass at the same instant
    chose wins this contest too, so that repeating the pass changes nothing. -#}
rooms as (

    select
        units.unit_id,
        caps.cap_id,
        caps.purpose,
        caps.max_messages - count(past_messages.unit_id) as room,
        sum(case when past_messages.is_concurrent then 1 else 0 end)
            as concurrent_count,
        max(
            case
                when past_messages.is_concurrent
                    then past_messages.occurrence_id
            end
        ) as concurrent_occurrence_id
    from (select distinct unit_id from judged) as units
    cross join caps
    left join past_messages
        on units.unit_id = past_messages.unit_id
            and caps.purpose = past_messages.purpose
            and caps.days > past_messages.days_ago
    group by
        units.unit_id, caps.cap_id, caps.purpose, caps.max_messages

),

tightest as (

    select
        *,
        row_number() over (
            partition by unit_id, purpose
            order by room, cap_id
        ) as tightness
    from rooms

),

ranked as (

    select
        judged.*,
        tightest.cap_id,
        tightest.room,
        tightest.room + tightest.concurrent_count as room_before,
        tightest.concurrent_occurrence_id,
        row_number() over (
            partition by judged.unit_id, judged.purpose
            order by
                judged.priority, judged.eligible_at, judged.occurrence_id
        ) as place
    from judged
    left join tightest
        on judged.unit_id = tightest.unit_id
            and judged.purpose = tightest.purpose
            and tightest.tightness = 1
    where judged.held_out_reason is null

),

capped as (

    select
        ranked.*,
        coalesce(winners.occurrence_id, ranked.concurrent_occurrence_id)
            as winner_occurrence_id,
        case
            when ranked.room is null or ranked.place <= ranked.room then null
            when ranked.room_before <= 0 and ranked.on_cap = 'drop'
                then 'cap_reached_dropped'
            when ranked.room_before <= 0 then 'cap_reached'
            when ranked.on_cap = 'drop' then 'outranked_dropped'
            else 'outranked'
        end as cap_reason
    from ranked
    left join ranked as winners
        on ranked.unit_id = winners.unit_id
            and ranked.purpose = winners.purpose
            and ranked.room = winners.place
            and ranked.place > winners.place

),

volumes as (

    select
        trigger_id,
        count(*) as message_count
    from capped
    where cap_reason is null
    group by trigger_id

),

contest as (

    select
        judged.occurrence_id,
        coalesce(
            judged.held_out_reason,
            capped.cap_reason,
            case
                when volumes.message_count > judged.max_volume
                    then 'over_volume'
            end,
            'chosen'
        ) as reason,
        case
            when judged.held_out_reason = 'held_out_global'
                then judged.global_assignment_id
            else judged.assignment_id
        end as assignment_id,
        judged.variant,
        case
            when capped.cap_reason in ('outranked', 'outranked_dropped')
                then capped.winner_occurrence_id
        end as outranked_by_occurrence_id,
        case when capped.cap_reason is not null then capped.cap_id end as cap
    from judged
    left join capped on judged.occurrence_id = capped.occurrence_id
    left join volumes on judged.trigger_id = volumes.trigger_id

)

select * from contest
