with deliveries as (

    select
        service_contact_id,
        survivor_id as customer_id,
        order_id,
        topic,
        channel,
        case
            when is_deleted or survivor_id is null then 'deleted'
            when status = 'closed' then 'closed'
            else 'open'
        end as status,
        opened_at,
        case when status = 'closed' then coalesce(closed_at, changed_at) end
            as closed_at,
        changed_at,
        known_at
    from {{ affected_survivors(
        ref('stg_activation__service_contact_changes'), 'service_contact_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'service_contact_id',
        columns=[
            'customer_id', 'order_id', 'topic', 'channel', 'status',
            'opened_at', 'closed_at',
        ],
        state=['customer_id', 'status'],
    ) }}
),

contacts as (

    select
        service_contact_id,
        customer_id,
        order_id,
        topic,
        channel,
        status,
        opened_at,
        closed_at,
        changed_at,
        valid_from,
        state_valid_to as valid_to,
        known_at
    from versions
    where is_new_state and status <> 'deleted' and {{ is_affected() }}

)

select * from contacts
