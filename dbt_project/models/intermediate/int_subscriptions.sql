with deliveries as (

    select
        subscription_id,
        survivor_id as customer_id,
        product_id,
        plan,
        status,
        currency_code,
        price_amount,
        is_renewing,
        not is_deleted
        and survivor_id is not null
        and coalesce(status, 'active') in ('trialing', 'active', 'past_due')
            as is_running,
        started_at,
        ends_at,
        changed_at,
        known_at
    from {{ affected_survivors(
        ref('stg_activation__subscription_changes'), 'subscription_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'subscription_id',
        columns=[
            'customer_id', 'product_id', 'plan', 'status', 'currency_code',
            'price_amount', 'is_renewing', 'is_running', 'started_at',
            'ends_at',
        ],
        state=['customer_id', 'is_running', 'ends_at'],
    ) }}
),

subscriptions as (

    select
        subscription_id,
        customer_id,
        product_id,
        plan,
        status,
        currency_code,
        price_amount,
        is_renewing,
        is_running,
        is_running and ends_at is not null and is_new_state as is_new_end,
        started_at,
        ends_at,
        changed_at,
        valid_from,
        valid_to,
        state_valid_to as end_valid_to,
        known_at
    from versions
    where {{ is_affected() }}

)

select * from subscriptions
