{{
    config(
        unique_key='product_id',
        meta={'changes': 'stg_activation__product_changes'},
    )
}}

{%- set seconds = var('lowest_price_days') * 86400 %}

with deliveries as (

    select
        product_id,
        product_name,
        category,
        currency_code,
        product_url,
        image_url,
        complements,
        price_amount,
        case when is_deleted then 0 else stock_count end as stock_count,
        is_deleted,
        changed_at,
        known_at
    from {{ affected(
        ref('stg_activation__product_changes'), 'product_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'product_id',
        columns=[
            'product_name', 'category', 'currency_code', 'product_url',
            'image_url', 'complements', 'price_amount', 'stock_count',
            'is_deleted',
        ],
        state=['price_amount', 'currency_code', 'is_deleted'],
    ) }}
),

compared as (

    select
        *,
        lag(currency_code) over (
            partition by product_id order by valid_from
        ) as previous_currency_code,
        lag(price_amount) over (
            partition by product_id order by valid_from
        ) as previous_price_amount,
        lag(stock_count) over (
            partition by product_id order by valid_from
        ) as previous_stock_count,
        min(case when stock_count <= 0 then valid_from end) over (
            partition by product_id
            order by valid_from
            rows between 1 following and unbounded following
        ) as sold_out_at,
        {{ dbt.datediff(
            "cast('2020-01-01' as " ~ dbt.type_timestamp() ~ ")",
            'valid_from', 'second'
        ) }} as valid_from_second
    from versions

),

{# A price that another one followed was in force until it did: those that ended
   in the days before a change are the prices of those days. #}
bounded as (

    select
        *,
        min(previous_price_amount) over (
            partition by product_id, previous_currency_code
            order by valid_from_second
            range between {{ seconds }} preceding and current row
        ) as lowest_price_amount,
        coalesce(
            currency_code = previous_currency_code, false
        ) as is_comparable
    from compared

),

changes as (

    select
        product_id,
        product_name,
        category,
        currency_code,
        product_url,
        image_url,
        complements,
        price_amount,
        case when is_comparable then previous_price_amount end
            as previous_price_amount,
        case when is_comparable then lowest_price_amount end
            as lowest_price_amount,
        stock_count,
        previous_stock_count,
        is_deleted,
        coalesce(
            is_comparable
            and not is_deleted
            and price_amount < previous_price_amount,
            false
        ) as is_price_drop,
        coalesce(
            stock_count > 0 and previous_stock_count <= 0, false
        ) as is_back_in_stock,
        coalesce(
            stock_count between 1 and {{ var('low_stock_count') }}
            and previous_stock_count > {{ var('low_stock_count') }},
            false
        ) as is_low_stock,
        changed_at,
        valid_from,
        valid_to,
        state_valid_to as price_valid_to,
        sold_out_at,
        known_at
    from bounded

)

select * from changes
