{#-
    Steps of a query that end in `losers`: those of the standings that found a cap
    full at their turn, the first such cap, and the place of the last who took a
    room of it before them.
-#}
{% macro cap_losers(standings) -%}
    {%- set full = 'room_* <= taken_* and taker_* < place' -%}
    {%- for per, holder in [
        ('customer', 'customer_id'), ('contact_point', 'contact_point'),
    ] -%}
{{ per }}_winners as (
    select
        {{ holder }}
        {%- for cap in cap_rules(per) %},
        count(room_{{ cap.cap_id }}) as taken_{{ cap.cap_id }},
        max(case when room_{{ cap.cap_id }} is not null then place end)
            as taker_{{ cap.cap_id }}
        {%- endfor %}
    from {{ standings }}
    where chosen_in_round is not null
    group by {{ holder }}
),

    {% endfor -%}

losers as (
    select
        losing.occurrence_id,
        losing.leg,
        {{ cap_first(full, "'*'") }} as cap,
        {{ cap_first(full, 'taker_*') }} as winner_place
    from {{ standings }} as losing
    left join customer_winners
        on losing.customer_id = customer_winners.customer_id
    left join contact_point_winners
        on losing.contact_point = contact_point_winners.contact_point
    where not losing.is_placed
)
{%- endmacro %}
