{{ config(materialized='view') }}

{%- set staged = [
    ('contact_point', 'contact_point_id', 'contact_point'),
    ('subscription', 'subscription_id', 'subscription'),
    ('invoice', 'invoice_id', 'invoice'),
    ('booking', 'booking_id', 'booking'),
    ('loyalty_point', 'balance_id', 'balance'),
    ('service_contact', 'service_contact_id', 'service_contact'),
    ('booking', 'service_id', 'service'),
    ('customer', 'account_id', 'account'),
] %}

with things as (
    {% for source, key, thing in staged %}
    select
        '{{ thing }}' as thing,
        {{ key }} as thing_id,
        customer_id,
        load_id
    from {{ ref('stg_activation__' ~ source ~ '_changes') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from things
where thing_id is not null
