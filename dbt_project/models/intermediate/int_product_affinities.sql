{{
    config(
        unique_key='valid_from',
        meta={'changes': 'int_changed_vintages'},
    )
}}

with basket_products as (

    select
        *,
        case
            when basis = 'bought' then {{ dbt.dateadd(
                'day', var('affinity_purchase_days'), 'occurred_date'
            ) }}
            else {{ dbt.dateadd(
                'day', var('affinity_view_days'), 'occurred_date'
            ) }}
        end as last_date
    from {{ ref('int_basket_products') }}

),

vintages as (

    {{ affected_vintages() }}

),

known as (

    select
        vintages.valid_from,
        vintages.valid_to,
        basket_products.basis,
        basket_products.basket_id,
        basket_products.product_id,
        max(basket_products.category) as category,
        row_number() over (
            partition by
                vintages.valid_from, basket_products.basis,
                basket_products.basket_id
            order by
                max(basket_products.occurred_date) desc,
                basket_products.product_id
        ) as recency
    from vintages
    inner join basket_products
        on vintages.valid_from >= basket_products.known_at
            and vintages.valid_from <= basket_products.last_date
    group by
        vintages.valid_from, vintages.valid_to, basket_products.basis,
        basket_products.basket_id, basket_products.product_id

),

{# The newest products of a basket stand for it: pairs grow with the square. #}
baskets as (

    select *
    from known
    where recency <= {{ var('affinity_basket_products') }}

),

totals as (

    select
        valid_from,
        basis,
        count(distinct basket_id) as basket_count
    from baskets
    group by valid_from, basis

),

products as (

    select
        valid_from,
        basis,
        product_id,
        max(category) as category,
        count(*) as basket_count
    from baskets
    group by valid_from, basis, product_id

),

pairs as (

    select
        baskets.valid_from,
        baskets.valid_to,
        baskets.basis,
        baskets.product_id,
        others.product_id as other_product_id,
        count(*) as common_count
    from baskets
    inner join baskets as others
        on baskets.valid_from = others.valid_from
            and baskets.basis = others.basis
            and baskets.basket_id = others.basket_id
            and baskets.product_id <> others.product_id
    group by
        baskets.valid_from, baskets.valid_to, baskets.basis,
        baskets.product_id, others.product_id
    having count(*) >= {{ var('affinity_minimum_baskets') }}

),

measured as (

    select
        pairs.product_id,
        pairs.other_product_id,
        pairs.basis,
        others.category as other_category,
        pairs.common_count,
        products.basket_count as product_count,
        others.basket_count as other_count,
        totals.basket_count,
        cast(
            {{ quotient('pairs.common_count', 'products.basket_count') }}
            as decimal(18, 6)
        ) as confidence,
        cast(
            {{ quotient(
                'pairs.common_count * totals.basket_count',
                'products.basket_count * others.basket_count',
            ) }}
            as decimal(18, 6)
        ) as lift,
        coalesce(products.category <> others.category, false)
            as is_other_category,
        pairs.valid_from,
        pairs.valid_to
    from pairs
    inner join totals
        on pairs.valid_from = totals.valid_from
            and pairs.basis = totals.basis
    inner join products
        on pairs.valid_from = products.valid_from
            and pairs.basis = products.basis
            and pairs.product_id = products.product_id
    inner join products as others
        on pairs.valid_from = others.valid_from
            and pairs.basis = others.basis
            and pairs.other_product_id = others.product_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by valid_from, basis, product_id
            order by lift desc, common_count desc, other_product_id
        ) as affinity_rank,
        row_number() over (
            partition by valid_from, basis, product_id, is_other_category
            order by lift desc, common_count desc, other_product_id
        ) as category_rank
    from measured

),

affinities as (

    select
        product_id,
        other_product_id,
        basis,
        other_category,
        common_count,
        product_count,
        other_count,
        basket_count,
        confidence,
        lift,
        affinity_rank,
        case
            when basis = 'bought' and is_other_category and lift > 1
                then category_rank
        end as complement_rank,
        valid_from,
        valid_to
    from ranked
    where
        affinity_rank <= {{ var('affinity_products') }}
        or (
            is_other_category
            and category_rank <= {{ var('affinity_products') }}
        )

)

select * from affinities
