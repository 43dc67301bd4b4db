with deliveries as (

    select
        booking_id,
        survivor_id as customer_id,
        service_id,
        kind,
        status,
        place,
        not is_deleted
        and survivor_id is not null
        and coalesce(status, 'confirmed') = 'confirmed' as is_active,
        due_at,
        ends_at,
        changed_at,
        known_at
    from {{ affected_survivors(
        ref('stg_activation__booking_changes'), 'booking_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'booking_id',
        columns=[
            'customer_id', 'service_id', 'kind', 'status', 'place',
            'is_active', 'due_at', 'ends_at',
        ],
        state=['customer_id', 'service_id', 'is_active', 'due_at'],
    ) }}
),

bookings as (

    select
        booking_id,
        customer_id,
        service_id,
        kind,
        status,
        place,
        is_active,
        is_active and due_at is not null and is_new_state as is_new_due,
        due_at,
        ends_at,
        changed_at,
        valid_from,
        valid_to,
        state_valid_to as due_valid_to,
        known_at
    from versions
    where {{ is_affected() }}

)

select * from bookings
