with lapsed as (

    select * from {{ ref('seg_lapsed_customers') }}

),

customers as (

    select *
    from {{ ref('dim_customers') }}
    where not is_deleted

),

reachable as (

    select * from {{ ref('act_audience_reach') }}

),

members as (

    select
        lapsed.customer_id,
        reachable.contact_point as identifier,
        cast({{ json_object({
            'country': 'customers.country_code',
            'first_name': 'customers.first_name',
            'locale': 'customers.locale',
        }) }} as {{ dbt.type_string() }}) as traits
    from lapsed
    inner join customers on lapsed.customer_id = customers.customer_id
    inner join reachable on lapsed.customer_id = reachable.customer_id
    where reachable.brand = 'default'

)

select * from members
