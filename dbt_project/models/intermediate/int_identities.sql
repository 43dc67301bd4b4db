{{
    config(
        unique_key='anonymous_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

with events as (

    select
        anonymous_id,
        user_id,
        load_id,
        occurred_at,
        known_at
    from {{ affected(ref('stg_activation__events'), key='anonymous_id') }}
    where anonymous_id is not null and user_id is not null

),

sign_outs as (

    select * from {{ ref('int_sign_outs') }}

),

stretches as (

    {{ device_stretches('events', 'sign_outs') }}

),

identifications as (

    select
        events.anonymous_id,
        events.user_id,
        events.load_id,
        coalesce(stretches.began_at, {{ far_past() }}) as began_at,
        events.occurred_at,
        events.known_at
    from events
    left join stretches
        on events.anonymous_id = stretches.anonymous_id
            and events.occurred_at = stretches.occurred_at
            and events.known_at = stretches.known_at

),

numbered as (

    select
        *,
        row_number() over (
            partition by anonymous_id, began_at
            order by known_at, occurred_at, user_id
        ) as identification_number
    from identifications

),

identities as (

    select
        anonymous_id,
        user_id,
        min(identification_number) as identification_number,
        min(load_id) as first_load_id,
        began_at,
        min(occurred_at) as first_occurred_at,
        min(known_at) as first_known_at
    from numbered
    group by anonymous_id, began_at, user_id

)

select * from identities
