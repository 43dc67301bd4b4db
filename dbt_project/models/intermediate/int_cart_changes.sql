with events as (

    select
        *,
        {{ json_text('properties', 'cart_id') }} as cart_id
    from {{ affected(ref('int_events')) }}
    where event_name in ('Product Added', 'Product Removed', 'Order Completed')

),

changes as (

    select
        event_id,
        customer_id,
        cart_id,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'name') }} as product_name,
        {{ json_text('properties', 'category') }} as category,
        {{ json_text('properties', 'url') }} as product_url,
        {{ json_text('properties', 'currency') }} as currency_code,
        coalesce({{ json_integer('properties', 'quantity') }}, 1)
        * case when event_name = 'Product Added' then 1 else -1 end
            as quantity,
        {{ json_number('properties', 'price') }} as price_amount,
        is_identified,
        occurred_at,
        known_at
    from events
    where event_name <> 'Order Completed'

),

{# An order ends the cart that it names; where it names none, every cart. #}
orders as (

    select
        customer_id,
        cart_id,
        occurred_at
    from events
    where event_name = 'Order Completed'

),

placed as (

    select
        changes.event_id,
        count(*) as earlier_order_count
    from changes
    inner join orders on changes.customer_id = orders.customer_id
    where
        changes.occurred_at > orders.occurred_at
        and (
            changes.cart_id is null
            or coalesce(orders.cart_id, changes.cart_id) = changes.cart_id
        )
    group by changes.event_id

),

counted as (

    select
        changes.*,
        coalesce(placed.earlier_order_count, 0) as earlier_order_count
    from changes
    left join placed on changes.event_id = placed.event_id

),

preceded as (

    select
        *,
        lag(occurred_at) over (
            partition by customer_id, cart_id
            order by occurred_at, event_id
        ) as previous_occurred_at,
        lag(earlier_order_count) over (
            partition by customer_id, cart_id
            order by occurred_at, event_id
        ) as previous_order_count
    from counted

),

{# Silence ends a cart only where no id says that it is still the same. #}
spans as (

    select
        *,
        sum(
            case
                when earlier_order_count <> previous_order_count then 1
                when
                    cart_id is null
                    and occurred_at > {{ dbt.dateadd(
                        'day', var('cart_silence_days'), 'previous_occurred_at'
                    ) }} then 1
                else 0
            end
        ) over (
            partition by customer_id, cart_id
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as span_number,
        row_number() over (
            partition by customer_id, cart_id
            order by occurred_at, event_id
        ) as change_number
    from preceded

),

span_products as (

    select distinct
        customer_id,
        cart_id,
        span_number,
        product_id
    from spans

),

{# Every change of a span with every product of it, so that sums run. #}
movements as (

    select
        spans.event_id,
        spans.customer_id,
        spans.cart_id,
        spans.span_number,
        spans.change_number,
        span_products.product_id,
        case
            when spans.product_id = span_products.product_id
                then spans.change_number
        end as own_change_number,
        case
            when spans.product_id = span_products.product_id
                then spans.quantity
            else 0
        end as quantity
    from spans
    inner join span_products
        on spans.customer_id = span_products.customer_id
            and spans.span_number = span_products.span_number
            and coalesce(spans.cart_id, '')
            = coalesce(span_products.cart_id, '')

),

sums as (

    select
        *,
        sum(quantity) over (
            partition by customer_id, cart_id, span_number, product_id
            order by change_number
            rows between unbounded preceding and current row
        ) as running_quantity,
        max(own_change_number) over (
            partition by customer_id, cart_id, span_number, product_id
            order by change_number
            rows between unbounded preceding and current row
        ) as last_change_number
    from movements

),

{# Removing more than there is leaves nothing, not less than nothing. #}
floors as (

    select
        *,
        least(
            min(running_quantity) over (
                partition by customer_id, cart_id, span_number, product_id
                order by change_number
                rows between unbounded preceding and current row
            ),
            0
        ) as floor_quantity
    from sums

),

contents as (

    select
        floors.event_id,
        spans.product_id,
        spans.product_name,
        spans.category,
        spans.product_url,
        spans.price_amount,
        floors.running_quantity - floors.floor_quantity as quantity
    from floors
    inner join spans
        on floors.customer_id = spans.customer_id
            and floors.span_number = spans.span_number
            and floors.last_change_number = spans.change_number
            and coalesce(floors.cart_id, '') = coalesce(spans.cart_id, '')
    where floors.running_quantity > floors.floor_quantity

),

filled as (

    select
        event_id,
        {{ json_array_agg(json_object({
            'product_id': 'product_id',
            'name': 'product_name',
            'category': 'category',
            'price': json_real('price_amount'),
            'quantity': 'quantity',
            'url': 'product_url',
        }), 'product_id') }} as items,
        {{ whole('sum(quantity)') }} as item_count,
        {{ amount('sum(quantity * coalesce(price_amount, 0))') }}
            as cart_amount
    from contents
    group by event_id

),

described as (

    select
        spans.*,
        coalesce(filled.items, '[]') as items,
        coalesce(filled.item_count, 0) as item_count,
        coalesce(filled.cart_amount, {{ amount(0) }}) as cart_amount,
        filled.event_id is null as is_empty,
        lag(case when filled.event_id is null then 1 else 0 end) over (
            partition by spans.customer_id, spans.cart_id, spans.span_number
            order by spans.change_number
        ) as is_after_empty
    from spans
    left join filled on spans.event_id = filled.event_id

),

runs as (

    select
        *,
        sum(coalesce(is_after_empty, 0)) over (
            partition by customer_id, cart_id, span_number
            order by change_number
            rows between unbounded preceding and current row
        ) as run_number
    from described

),

opened as (

    select
        *,
        first_value(event_id) over (
            partition by customer_id, cart_id, span_number, run_number
            order by change_number
            rows between unbounded preceding and current row
        ) as opening_event_id,
        case when cart_id is null then span_number end as keyed_span_number,
        case when cart_id is null then run_number end as keyed_run_number
    from runs

),

followed as (

    select
        event_id,
        customer_id,
        coalesce(cart_id, opening_event_id) as cart_key,
        opening_event_id,
        items,
        currency_code,
        change_number,
        item_count,
        cart_amount,
        is_identified,
        is_empty,
        occurred_at,
        known_at,
        min(known_at) over (
            partition by
                customer_id, cart_id, keyed_span_number, keyed_run_number
            order by change_number
            rows between 1 following and unbounded following
        ) as next_change_known_at
    from opened

)

select * from followed
