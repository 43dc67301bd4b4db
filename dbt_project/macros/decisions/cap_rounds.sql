{#-
    Steps of a query that end in `placed`: every contestant with the round in
    which it was chosen, null where the rounds did not come to an end with it;
    those that lost have no row.

    In a round whoever stands, among the rivals for every cap in its way, within
    the room that is left of it, is chosen for certain: whoever of those before it
    goes. This holds of the best of a customer and of a contact point at least,
    and before the first of whom it does not hold a cap gets full. The chosen are
    counted, and who then finds a cap full has lost. So customers who share no
    contact point take as many rounds as they have caps, however many messages.
-#}
{% macro cap_rounds(contestants) -%}
    {%- set rounds = var('contest_rounds') -%}
    {%- for round in range(1, rounds + 1) %}
round_{{ round }} as (
    select
        place,
        customer_id,
        contact_point,
        {% for cap in cap_rules() -%}
        room_{{ cap.cap_id }},
        {% endfor -%}
        {{ 'is_concurrent or ' if round == 1 }}(
            {%- for cap in cap_rules() %}
            {{ 'and ' if not loop.first -}}
            (
                room_{{ cap.cap_id }} is null
                or count(room_{{ cap.cap_id }}) over (
                    partition by {{
                        'customer_id' if cap.per == 'customer'
                        else 'contact_point'
                    }}
                    order by place
                    rows between unbounded preceding and current row
                ) <= room_{{ cap.cap_id }}
            )
            {%- endfor %}
        ) as is_chosen
    from {{ contestants if round == 1 else 'alive_' ~ (round - 1) }}
),

    {%- for per, holder in [
        ('customer', 'customer_id'), ('contact_point', 'contact_point'),
    ] %}

round_{{ round }}_{{ per }}s as (
    select
        {{ holder }}
        {%- for cap in cap_rules(per) %},
        count(room_{{ cap.cap_id }}) as {{ cap.cap_id }}
        {%- endfor %}
    from round_{{ round }}
    where is_chosen
    group by {{ holder }}
),
    {%- endfor %}

counted_{{ round }} as (
    select
        rivals.place,
        rivals.customer_id,
        rivals.contact_point
        {%- for cap in cap_rules() %},
        rivals.room_{{ cap.cap_id }}
        - coalesce({{ cap.per }}s.{{ cap.cap_id }}, 0) as room_{{ cap.cap_id }}
        {%- endfor %}
    from round_{{ round }} as rivals
    left join round_{{ round }}_customers as customers
        on rivals.customer_id = customers.customer_id
    left join round_{{ round }}_contact_points as contact_points
        on rivals.contact_point = contact_points.contact_point
    where not rivals.is_chosen
),

alive_{{ round }} as (
    select *
    from counted_{{ round }}
    where {{ cap_least_room() }} >= 1
),
    {%- endfor %}

placed as (
    {%- for round in range(1, rounds + 1) %}
    select place, {{ round }} as chosen_in_round
    from round_{{ round }}
    where is_chosen
    union all
    {%- endfor %}
    select place, null as chosen_in_round
    from alive_{{ rounds }}
)
{%- endmacro %}
