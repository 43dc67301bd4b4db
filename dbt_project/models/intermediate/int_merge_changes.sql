{{ config(materialized='view') }}

with recursive claims as (

    select distinct
        customer_id,
        merged_into_id
    from {{ ref('int_merge_claims') }}

),

customer_changes as (

    select * from {{ ref('stg_activation__customer_changes') }}

),

{#- Through every claim ever made: who has it now, and who had it before. -#}
reaches as (

    select
        customer_id,
        merged_into_id as reached_id
    from claims
    union
    select
        reaches.customer_id,
        claims.merged_into_id as reached_id
    from reaches
    inner join claims on reaches.reached_id = claims.customer_id

),

claimants as (

    select
        customer_id,
        load_id
    from customer_changes
    where customer_id in (select claims.customer_id from claims)
    union
    {#- A crowd's merges count no more. #}
    select
        identity_id as customer_id,
        load_id
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

changes as (

    select
        customer_id,
        load_id
    from claimants
    union
    select
        reaches.reached_id as customer_id,
        claimants.load_id
    from claimants
    inner join reaches on claimants.customer_id = reaches.customer_id
    union
    select
        reaches.customer_id,
        claimants.load_id
    from claimants
    inner join reaches on claimants.customer_id = reaches.reached_id

)

select * from changes
