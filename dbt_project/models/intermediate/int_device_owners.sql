{{ config(materialized='view') }}

with identities as (

    select * from {{ ref('int_identities') }}

),

crowded as (

    select * from {{ ref('int_crowded_identities') }}

),

numbered as (

    select
        identities.anonymous_id,
        identities.user_id,
        identities.began_at,
        identities.first_known_at as known_at,
        row_number() over (
            partition by identities.anonymous_id, identities.began_at
            order by identities.identification_number
        ) as owner_number
    from identities
    left join crowded as users
        on identities.user_id = users.identity_id
            and users.identity_kind = 'user'
    left join crowded as devices
        on identities.anonymous_id = devices.identity_id
            and devices.identity_kind = 'device'
    where users.identity_id is null and devices.identity_id is null

),

owners as (

    select
        anonymous_id,
        user_id,
        began_at,
        known_at
    from numbered
    where owner_number = 1

)

select * from owners
