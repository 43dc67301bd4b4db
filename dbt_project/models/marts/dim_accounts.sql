{#- A table: accounts are few, and any contact's order moves one. -#}
{{ config(materialized='table') }}

with changes as (

    select * from {{ ref('stg_activation__account_changes') }}

),

customers as (

    select *
    from {{ ref('dim_customers') }}
    where has_account

),

numbered as (

    select
        *,
        row_number() over (
            partition by account_id
            order by
                changed_at desc, known_at desc, load_id desc, is_deleted desc,
                name, domain, country_code, industry, owner, employee_count
        ) as recency,
        min(known_at) over (partition by account_id) as first_known_at
    from changes

),

latest as (

    select *
    from numbered
    where recency = 1

),

contacts as (

    select
        account_id,
        count(case when not is_deleted then 1 end) as contact_count,
        count(
            case when is_email_reachable and not is_deleted then 1 end
        ) as email_contact_count,
        sum(order_count) as order_count,
        sum(net_amount) as net_amount,
        min(first_order_at) as first_order_at,
        max(last_order_at) as last_order_at,
        min(first_active_at) as first_active_at,
        max(last_active_at) as last_active_at,
        min(known_at) as first_known_at
    from customers
    group by account_id

),

{#- An account may be known by its contacts before a row of its own comes. -#}
final as (

    select
        coalesce(latest.account_id, contacts.account_id) as account_id,
        latest.name as account_name,
        latest.domain,
        latest.country_code,
        latest.industry,
        latest.owner,
        latest.employee_count,
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.email_contact_count, 0) as email_contact_count,
        {{ whole('coalesce(contacts.order_count, 0)') }} as order_count,
        {{ amount('coalesce(contacts.net_amount, 0)') }} as net_amount,
        coalesce(latest.is_deleted, false) as is_deleted,
        contacts.first_order_at,
        contacts.last_order_at,
        contacts.first_active_at,
        contacts.last_active_at,
        coalesce(latest.first_known_at, contacts.first_known_at) as known_at
    from latest
    full outer join contacts on latest.account_id = contacts.account_id

)

select * from final
