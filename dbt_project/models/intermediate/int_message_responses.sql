{%- set kinds = {
    'Email Delivered': ('email', 'delivered'),
    'Email Opened': ('email', 'opened'),
    'Email Link Clicked': ('email', 'clicked'),
    'Email Bounced': ('email', 'bounced'),
    'Email Marked as Spam': ('email', 'complained'),
    'Unsubscribed': ('email', 'unsubscribed'),
    'Push Notification Tapped': ('push', 'clicked'),
} -%}
{%- set machine = '.*' ~ var('machine_user_agents') ~ '.*' -%}
{%- set proxy = '.*' ~ var('proxy_user_agents') ~ '.*' -%}

with kinds as (
    {% for name, (channel, kind) in kinds.items() %}
    select
        '{{ name }}' as event_name,
        '{{ channel }}' as channel,
        '{{ kind }}' as kind
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

found as (

    select * from {{ affected(ref('int_events')) }}

),

events as (

    select
        found.event_id,
        found.customer_id,
        kinds.channel,
        kinds.kind,
        {{ json_text('found.properties', 'message_id') }} as message_id,
        {{ json_text('found.properties', 'url') }} as url,
        {{ lowered(trimmed(
            json_text('found.context', 'user_agent')
        )) }} as user_agent,
        found.is_identified,
        found.occurred_at,
        found.known_at
    from found
    inner join kinds on found.event_name = kinds.event_name

),

deliveries as (

    select
        customer_id,
        message_id,
        min(occurred_at) as delivered_at
    from events
    where kind = 'delivered' and message_id is not null
    group by customer_id, message_id

),

{# Nobody follows two links of a message within the same second. #}
sweeps as (

    select
        customer_id,
        message_id,
        {{ dbt.date_trunc('second', 'occurred_at') }} as swept_at
    from events
    where kind = 'clicked' and message_id is not null
    group by
        customer_id, message_id, {{ dbt.date_trunc('second', 'occurred_at') }}
    having min(url) <> max(url)

),

responses as (

    select
        events.event_id,
        events.customer_id,
        events.message_id,
        events.channel,
        events.kind,
        events.url,
        events.user_agent,
        {{ dbt.datediff(
            'deliveries.delivered_at', 'events.occurred_at', 'second'
        ) }} as seconds_since_delivery,
        sweeps.swept_at is not null as is_sweep,
        events.is_identified,
        events.occurred_at,
        events.known_at
    from events
    left join deliveries
        on events.customer_id = deliveries.customer_id
            and events.message_id = deliveries.message_id
    left join sweeps
        on events.kind = 'clicked'
            and events.customer_id = sweeps.customer_id
            and events.message_id = sweeps.message_id
            and {{ dbt.date_trunc('second', 'events.occurred_at') }}
            = sweeps.swept_at
    where events.kind <> 'delivered'

),

paced as (

    select
        *,
        seconds_since_delivery >= 0
        and seconds_since_delivery < {{ var('machine_response_seconds') }}
            as is_hasty
    from responses

),

told as (

    select
        event_id,
        customer_id,
        message_id,
        channel,
        kind,
        url,
        user_agent,
        case
            when kind = 'bounced' then 'machine'
            when kind in ('complained', 'unsubscribed') or channel = 'push'
                then 'likely_human'
            when
                is_sweep
                or is_hasty
                or user_agent = 'mozilla/5.0'
                or {{ matches('user_agent', machine) }} then 'machine'
            when {{ matches('user_agent', proxy) }} then 'unknown'
            when user_agent <> '' then 'likely_human'
            when kind = 'clicked' and seconds_since_delivery is not null
                then 'likely_human'
            else 'unknown'
        end as responder,
        seconds_since_delivery,
        is_identified,
        occurred_at,
        known_at
    from paced

)

select * from told
