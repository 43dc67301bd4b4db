{{
    config(
        unique_key='anonymous_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

with events as (

    select *
    from {{ affected(ref('stg_activation__events'), key='anonymous_id') }}

),

identifications as (

    select
        anonymous_id,
        user_id,
        occurred_at,
        known_at,
        row_number() over (
            partition by anonymous_id
            order by known_at, occurred_at, user_id
        ) as identification_number
    from events
    where anonymous_id is not null and user_id is not null

),

pairs as (

    select
        anonymous_id,
        user_id,
        min(identification_number) = 1 as is_owner,
        min(occurred_at) as first_occurred_at,
        min(known_at) as first_known_at
    from identifications
    group by anonymous_id, user_id

)

select * from pairs
