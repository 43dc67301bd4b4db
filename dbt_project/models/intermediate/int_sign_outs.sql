{{
    config(
        unique_key='anonymous_id',
        meta={'changes': 'stg_activation__events'},
    )
}}

with events as (

    select
        anonymous_id,
        occurred_at,
        known_at
    from {{ affected(ref('stg_activation__events'), key='anonymous_id') }}
    where event_name = 'Signed Out' and anonymous_id is not null

),

sign_outs as (

    select
        anonymous_id,
        occurred_at as signed_out_at,
        min(known_at) as known_at
    from events
    group by anonymous_id, occurred_at

)

select * from sign_outs
