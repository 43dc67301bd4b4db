with deliveries as (

    select *
    from {{ affected_survivors(
        ref('stg_activation__loyalty_point_changes'), 'balance_id'
    ) }}

),

{# A redemption counts even where a later change known with it hides it. #}
followed as (

    select
        balance_id,
        survivor_id as customer_id,
        order_id,
        reason,
        balance_points,
        change_points,
        expiring_points,
        not is_deleted
        and balance_points > 0
        and coalesce(expiring_points, balance_points) > 0
        and expires_at is not null as is_expiring,
        is_deleted,
        expires_at,
        changed_at,
        known_at,
        min(case when reason = 'redeemed' then known_at end) over (
            partition by balance_id
            order by changed_at
            range between current row and unbounded following
        ) as redeemed_known_at
    from deliveries

),

versions as (
    {{ versions_in_force(
        'followed', 'balance_id',
        columns=[
            'customer_id', 'order_id', 'reason', 'balance_points',
            'change_points', 'expiring_points', 'is_expiring', 'is_deleted',
            'expires_at', 'redeemed_known_at',
        ],
        state=['customer_id', 'is_expiring', 'expires_at'],
    ) }}
),

preceded as (

    select
        *,
        coalesce(
            lag(balance_points) over (
                partition by balance_id order by valid_from
            ),
            balance_points - change_points
        ) as previous_points
    from versions

),

changes as (

    select
        balance_id,
        customer_id,
        order_id,
        reason,
        previous_points,
        balance_points,
        expiring_points,
        coalesce(is_expiring and is_new_state, false) as is_new_expiry,
        expires_at,
        changed_at,
        valid_from,
        valid_to,
        state_valid_to as expiry_valid_to,
        redeemed_known_at,
        known_at
    from preceded
    where
        not is_deleted
        and balance_points is not null
        and {{ is_affected() }}

)

select * from changes
