with events as (

    select *
    from {{ affected(ref('int_events')) }}
    where is_identified

),

customer_changes as (

    select *
    from {{ affected_survivors(ref('stg_activation__customer_changes')) }}

),

contact_point_changes as (

    select *
    from {{ affected_survivors(
        ref('stg_activation__contact_point_changes')
    ) }}

),

crowded_users as (

    select *
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

mentions as (

    select
        customer_id,
        known_at
    from events
    union all
    select
        survivor_id as customer_id,
        known_at
    from customer_changes
    union all
    select
        survivor_id as customer_id,
        known_at
    from contact_point_changes

),

customers as (

    select
        mentions.customer_id,
        min(mentions.known_at) as known_at
    from mentions
    left join crowded_users on mentions.customer_id = crowded_users.identity_id
    where
        mentions.customer_id is not null
        and crowded_users.identity_id is null
    group by mentions.customer_id

)

select * from customers
