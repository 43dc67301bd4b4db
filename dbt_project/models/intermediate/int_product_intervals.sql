{{
    config(
        unique_key='valid_from',
        meta={'changes': 'int_changed_vintages'},
    )
}}

{# Only orders that name their user: whose a device's orders are may be learnt
   later, which would change what an earlier month knew. -#}
with lines as (

    select distinct
        customer_id,
        product_id,
        ordered_at,
        known_at,
        voided_known_at
    from {{ ref('int_order_lines') }}
    where user_id is not null and product_id is not null

),

vintages as (

    {{ affected_vintages() }}

),

known as (

    select distinct
        vintages.valid_from,
        vintages.valid_to,
        lines.customer_id,
        lines.product_id,
        lines.ordered_at
    from vintages
    inner join lines
        on vintages.valid_from >= lines.known_at
            and (
                lines.voided_known_at is null
                or vintages.valid_from < lines.voided_known_at
            )

),

gaps as (

    select
        valid_from,
        valid_to,
        product_id,
        {{ dbt.datediff(
            'lag(ordered_at) over (partition by valid_from, customer_id, '
            ~ 'product_id order by ordered_at)', 'ordered_at', 'day'
        ) }} as gap_days
    from known

),

intervals as (

    select
        product_id,
        {{ median('gap_days') }} as median_gap_days,
        count(*) as gap_count,
        valid_from,
        valid_to
    from gaps
    where gap_days is not null
    group by product_id, valid_from, valid_to

)

select * from intervals
