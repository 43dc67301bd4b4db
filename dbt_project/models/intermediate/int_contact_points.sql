{{
    config(
        unique_key='contact_point_id',
        meta={'changes': 'int_changed_contact_points'},
    )
}}

with changes as (

    select *
    from {{ affected(
        ref('stg_activation__contact_point_changes'),
        'contact_point_id',
        ref('int_changed_contact_points'),
    ) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_point_id
            order by
                changed_at desc, known_at desc, load_id desc,
                is_deleted desc, customer_id, address, channel
        ) as recency,
        min(known_at) over (partition by contact_point_id) as first_known_at
    from changes
    where customer_id is not null

),

latest as (

    select
        contact_point_id,
        customer_id,
        channel,
        address,
        {{ contact_point('channel', 'address') }} as contact_point,
        is_primary,
        is_deleted,
        changed_at,
        first_known_at,
        known_at
    from numbered
    where recency = 1

),

crowded_users as (

    select *
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

owned as (

    select
        resolved.contact_point_id,
        resolved.survivor_id as customer_id,
        resolved.channel,
        resolved.address,
        resolved.contact_point,
        resolved.is_primary,
        resolved.is_deleted,
        resolved.changed_at,
        resolved.first_known_at,
        resolved.known_at
    from {{ resolved_survivors('latest') }} as resolved
    left join crowded_users
        on resolved.customer_id = crowded_users.identity_id
    where crowded_users.identity_id is null

)

select * from owned
