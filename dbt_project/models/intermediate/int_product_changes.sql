{{
    config(
        unique_key='product_id',
        meta={'changes': 'stg_activation__product_changes'},
    )
}}

{%- set seconds = var('lowest_price_days') * 86400 %}

with deliveries as (

    select *
    from {{ affected(
        ref('stg_activation__product_changes'), 'product_id'
    ) }}

),

distinct_changes as (

    select
        product_id,
        product_name,
        category,
        currency_code,
        product_url,
        image_url,
        price_amount,
        stock_count,
        is_deleted,
        changed_at,
        min(known_at) as known_at
    from deliveries
    group by
        product_id, product_name, category, currency_code, product_url,
        image_url, price_amount, stock_count, is_deleted, changed_at

),

numbered as (

    select
        *,
        max(changed_at) over (
            partition by product_id
            order by known_at
        ) as latest_changed_at,
        row_number() over (
            partition by product_id, known_at
            order by
                changed_at desc, is_deleted, price_amount, stock_count,
                product_name, category, currency_code, product_url, image_url
        ) as recency
    from distinct_changes

),

{# What is told after a later change was known never comes into force. #}
versions as (

    select
        {{ stable_key([
            'product_id',
            'changed_at',
            'is_deleted',
            "coalesce(cast(price_amount as " ~ dbt.type_string() ~ "), '')",
            "coalesce(cast(stock_count as " ~ dbt.type_string() ~ "), '')",
            "coalesce(product_name, '')",
            "coalesce(category, '')",
            "coalesce(currency_code, '')",
            "coalesce(product_url, '')",
            "coalesce(image_url, '')",
        ]) }} as product_change_id,
        product_id,
        product_name,
        category,
        currency_code,
        product_url,
        image_url,
        price_amount,
        case when is_deleted then 0 else stock_count end as stock_count,
        is_deleted,
        changed_at,
        known_at
    from numbered
    where recency = 1 and changed_at = latest_changed_at

),

compared as (

    select
        *,
        lag(currency_code) over (
            partition by product_id order by known_at
        ) as previous_currency_code,
        lag(price_amount) over (
            partition by product_id order by known_at
        ) as previous_price_amount,
        lag(stock_count) over (
            partition by product_id order by known_at
        ) as previous_stock_count,
        lead(known_at) over (
            partition by product_id order by known_at
        ) as valid_to,
        {{ dbt.datediff(
            "cast('2020-01-01' as " ~ dbt.type_timestamp() ~ ")",
            'known_at', 'second'
        ) }} as known_second
    from versions

),

repriced as (

    select
        *,
        case
            when price_amount <> previous_price_amount then known_at
            when
                coalesce(currency_code, '')
                <> coalesce(previous_currency_code, '') then known_at
            when price_amount is null or is_deleted then known_at
        end as repriced_at
    from compared

),

{# A price that another one followed was in force until it did: those that ended
   in the days before a change are the prices of those days. #}
bounded as (

    select
        *,
        min(previous_price_amount) over (
            partition by product_id, previous_currency_code
            order by known_second
            range between {{ seconds }} preceding and current row
        ) as lowest_price_amount,
        min(repriced_at) over (
            partition by product_id
            order by known_at
            rows between 1 following and unbounded following
        ) as price_valid_to,
        min(case when stock_count <= 0 then known_at end) over (
            partition by product_id
            order by known_at
            rows between 1 following and unbounded following
        ) as sold_out_at
    from repriced

),

changes as (

    select
        product_change_id,
        product_id,
        product_name,
        category,
        currency_code,
        product_url,
        image_url,
        price_amount,
        case
            when currency_code = previous_currency_code
                then previous_price_amount
        end as previous_price_amount,
        case
            when currency_code = previous_currency_code
                then lowest_price_amount
        end as lowest_price_amount,
        stock_count,
        previous_stock_count,
        is_deleted,
        coalesce(
            not is_deleted
            and price_amount < previous_price_amount
            and currency_code = previous_currency_code,
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
        known_at as valid_from,
        valid_to,
        price_valid_to,
        sold_out_at,
        known_at
    from bounded

)

select * from changes
