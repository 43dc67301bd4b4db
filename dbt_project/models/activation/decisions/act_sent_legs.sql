with deliveries as (

    select *
    from {{ ref('act_deliveries') }}
    where state not in ('planned', 'returned', 'rejected', 'failed')

),

sent as (

    select
        {{ json_scalar('occurrences.element') }} as occurrence_id,
        deliveries.channel
    from deliveries
    cross join {{ json_elements('deliveries.occurrence_ids') }} as occurrences

),

{#- Where one of several channels is taken, a message on any of them counts. -#}
sent_legs as (

    select
        occurrence_id,
        channel as leg
    from sent
    union
    select
        occurrence_id,
        '' as leg
    from sent

)

select * from sent_legs
