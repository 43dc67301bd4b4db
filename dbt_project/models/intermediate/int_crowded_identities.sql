{#-
    An id that stands for a crowd is no person: a test account on every phone, a
    counter in a shop. From the load with which it passes the limit it stitches
    nothing any more, and nothing that it stitched before stays stitched.
-#}
{{ config(materialized='table') }}

with pairs as (

    select
        anonymous_id,
        user_id,
        min(first_known_at) as known_at,
        min(first_load_id) as load_id
    from {{ ref('int_identities') }}
    group by anonymous_id, user_id

),

companions as (

    select
        'user' as identity_kind,
        user_id as identity_id,
        anonymous_id as companion_id,
        {{ whole(var('max_devices_per_user')) }} as companion_limit,
        load_id,
        known_at
    from pairs
    union all
    select
        'device' as identity_kind,
        anonymous_id as identity_id,
        user_id as companion_id,
        {{ whole(var('max_users_per_device')) }} as companion_limit,
        load_id,
        known_at
    from pairs

),

crowds as (

    select
        identity_kind,
        identity_id,
        count(*) as companion_count
    from companions
    group by identity_kind, identity_id
    having count(*) > max(companion_limit)

),

numbered as (

    select
        companions.identity_kind,
        companions.identity_id,
        companions.companion_limit,
        crowds.companion_count,
        companions.load_id,
        companions.known_at,
        row_number() over (
            partition by companions.identity_kind, companions.identity_id
            order by companions.load_id, companions.companion_id
        ) as load_number,
        row_number() over (
            partition by companions.identity_kind, companions.identity_id
            order by companions.known_at, companions.companion_id
        ) as known_number
    from companions
    inner join crowds
        on companions.identity_kind = crowds.identity_kind
            and companions.identity_id = crowds.identity_id

),

crowded as (

    select
        identity_kind,
        identity_id,
        max(companion_count) as companion_count,
        max(
            case when load_number = companion_limit + 1 then load_id end
        ) as load_id,
        max(
            case when known_number = companion_limit + 1 then known_at end
        ) as known_at
    from numbered
    group by identity_kind, identity_id

)

select * from crowded
