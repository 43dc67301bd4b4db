{{
    config(
        unique_key='valid_from',
        meta={'changes': 'int_changed_vintages'},
    )
}}

with user_values as (

    select *
    from {{ ref('int_user_values') }}
    where order_count > 0

),

vintages as (

    {{ affected_vintages() }}

),

known as (

    select
        vintages.valid_from,
        vintages.valid_to,
        user_values.user_id,
        user_values.order_count,
        user_values.net_amount,
        user_values.last_ordered_at
    from vintages
    inner join user_values
        on vintages.valid_from >= user_values.known_at
            and vintages.valid_from < user_values.known_until

),

measured as (

    {% for measure in rfm_measures() -%}
    select
        '{{ measure }}' as measure,
        {{ rfm_measures()[measure] }} as measured_value,
        user_id,
        valid_from,
        valid_to
    from known
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by valid_from, measure
            order by measured_value, user_id
        ) as place
    from measured

),

sizes as (

    select
        valid_from,
        count(*) as user_count
    from known
    group by valid_from

),

quintiles as (

    {% for quintile in [1, 2, 3, 4, 5] -%}
    select {{ quintile }} as quintile
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

{#- The first of each quintile: the first few take one more where five do not
    divide the number. -#}
openings as (

    select
        sizes.valid_from,
        sizes.user_count,
        quintiles.quintile,
        (quintiles.quintile - 1) * {{ whole(
            'floor(' ~ quotient('sizes.user_count', 5) ~ ')'
        ) }}
        + least(quintiles.quintile - 1, mod(sizes.user_count, 5))
        + 1 as place
    from sizes
    cross join quintiles

),

boundaries as (

    select
        ranked.measure,
        openings.quintile,
        ranked.measured_value as from_value,
        ranked.user_id as from_user_id,
        openings.user_count,
        ranked.valid_from,
        ranked.valid_to
    from openings
    inner join ranked
        on openings.valid_from = ranked.valid_from
            and openings.place = ranked.place

)

select * from boundaries
