{{ config(materialized='view') }}

with claims as (

    select *
    from {{ ref('int_merge_claims') }}
    where is_current

),

customer_merges as (

    select * from {{ ref('int_customer_merges') }}

),

rejected as (

    select
        claims.customer_id,
        claims.merged_into_id,
        case
            when claims.customer_id = claims.merged_into_id then 'itself'
            else 'circle'
        end as reason,
        claims.known_at
    from claims
    left join customer_merges
        on claims.customer_id = customer_merges.absorbed_customer_id
    where customer_merges.absorbed_customer_id is null

)

select * from rejected
