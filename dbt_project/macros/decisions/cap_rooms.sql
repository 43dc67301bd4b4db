{#-
    Steps of a query that end in `rivals`: the bids with a column per cap, what is
    left of it for the bid's customer or contact point before anybody is chosen.
    It is null where the cap does not cover the message, and where all who compete
    could not fill it, so that nobody has to be asked about it.
-#}
{% macro cap_rooms(bids, past_messages) -%}
    {%- set holders = {
        'customer': 'customer_id', 'contact_point': 'contact_point',
    } -%}
entrants as (
    select
        {{ bids }}.*
        {%- for cap in cap_rules() %},
        case when is_carrier and {{ cap.covers }} then 1 end
            as bid_{{ cap.cap_id }}
        {%- endfor %}
    from {{ bids }}
),

    {%- for per, holder in holders.items() %}

{{ per }}_bids as (
    select
        {{ holder }}
        {%- for cap in cap_rules(per) %},
        count(bid_{{ cap.cap_id }}) as {{ cap.cap_id }}
        {%- endfor %}
    from entrants
    group by {{ holder }}
),

{{ per }}_messages as (
    select
        {{ holder }}
        {%- for cap in cap_rules(per) %},
        count(
            case when {{ cap.remembers }} and {{ cap.covers }} then 1 end
        ) as {{ cap.cap_id }}
        {%- endfor %}
    from {{ past_messages }}
    where not is_concurrent
    group by {{ holder }}
),

{{ per }}s as (
    select
        bids.{{ holder }}
        {%- for cap in cap_rules(per) %},
        {%- set left = cap.max_messages
            ~ ' - coalesce(messages.' ~ cap.cap_id ~ ', 0)' %}
        case when bids.{{ cap.cap_id }} > {{ left }} then {{ left }} end
            as room_{{ cap.cap_id }}
        {%- endfor %}
    from {{ per }}_bids as bids
    left join {{ per }}_messages as messages
        on bids.{{ holder }} = messages.{{ holder }}
),
    {%- endfor %}

rivals as (
    select
        entrants.occurrence_id,
        entrants.leg,
        entrants.carrier_occurrence_id,
        entrants.carrier_leg,
        entrants.trigger_id,
        entrants.customer_id,
        entrants.contact_point,
        entrants.on_cap,
        entrants.priority,
        entrants.is_concurrent,
        entrants.eligible_at
        {%- for cap in cap_rules() %},
        case
            when entrants.bid_{{ cap.cap_id }} = 1
                then {{ cap.per }}s.room_{{ cap.cap_id }}
        end as room_{{ cap.cap_id }}
        {%- endfor %}
    from entrants
    {%- for per, holder in holders.items() %}
    left join {{ per }}s
        on entrants.{{ holder }} = {{ per }}s.{{ holder }}
    {%- endfor %}
)
{%- endmacro %}
