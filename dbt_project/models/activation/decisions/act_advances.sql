with windows as (

    select * from {{ ref('act_windows') }}

),

numbered as (

    select
        *,
        lead(opens_at) over (
            partition by time_profile, brand, channel, place_id
            order by opens_at
        ) as reopens_at
    from windows

),

advances as (

    select
        time_profile,
        brand,
        channel,
        place_id,
        closes_at,
        coalesce(reopens_at, {{ far_future() }}) as reopens_at
    from numbered
    where
        opens_at <= {{ as_of() }}
        and closes_at > {{ as_of() }}
        and {{ dbt.dateadd(
            'hour', -1 * var('advance_lead_hours'), 'closes_at'
        ) }} <= {{ as_of() }}

)

select * from advances
