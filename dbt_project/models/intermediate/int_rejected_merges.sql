{{ config(materialized='view') }}

with claims as (

    select *
    from {{ ref('int_merge_claims') }}
    where is_current

),

customer_merges as (

    select * from {{ ref('int_customer_merges') }}

),

crowds as (

    select distinct claims.customer_id as claimant_id
    from claims
    inner join {{ ref('int_crowded_identities') }} as crowded
        on crowded.identity_id in (claims.customer_id, claims.merged_into_id)
    where crowded.identity_kind = 'user'

),

rejected as (

    select
        claims.customer_id,
        claims.merged_into_id,
        case
            when claims.customer_id = claims.merged_into_id then 'itself'
            when crowds.claimant_id is not null then 'crowd'
            else 'circle'
        end as reason,
        claims.known_at
    from claims
    left join customer_merges
        on claims.customer_id = customer_merges.absorbed_customer_id
    left join crowds on claims.customer_id = crowds.claimant_id
    where customer_merges.absorbed_customer_id is null

)

select * from rejected
