{#-
    Every customer has at most one current claim, so following them ends at a
    customer without one, or goes round in a circle. Of a circle the claim known
    last does not count; a customer merged into itself is a circle of one. What
    stands for a crowd is merged with nobody.
-#}
{{ config(materialized='table') }}

with recursive crowded_users as (

    select identity_id as user_id
    from {{ ref('int_crowded_identities') }}
    where identity_kind = 'user'

),

claims as (

    select *
    from {{ ref('int_merge_claims') }}
    where
        is_current
        and customer_id not in (select crowded_users.user_id from crowded_users)
        and merged_into_id not in (
            select crowded_users.user_id from crowded_users
        )

),

{#- Distinct pairs are finitely many, so that a circle ends too. -#}
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

circle_claims as (

    select
        claims.customer_id,
        row_number() over (
            partition by circles.customer_id
            order by claims.known_at desc, claims.customer_id desc
        ) as recency
    from reaches as circles
    inner join reaches on circles.customer_id = reaches.customer_id
    inner join claims on reaches.reached_id = claims.customer_id
    where circles.customer_id = circles.reached_id

),

counting as (

    select *
    from claims
    where
        customer_id not in (
            select circle_claims.customer_id
            from circle_claims
            where circle_claims.recency = 1
        )

),

paths as (

    select
        customer_id as absorbed_customer_id,
        merged_into_id as customer_id,
        known_at
    from counting
    union all
    select
        paths.absorbed_customer_id,
        counting.merged_into_id as customer_id,
        greatest(paths.known_at, counting.known_at) as known_at
    from paths
    inner join counting on paths.customer_id = counting.customer_id

),

customer_merges as (

    select
        paths.absorbed_customer_id,
        paths.customer_id,
        paths.known_at
    from paths
    left join counting on paths.customer_id = counting.customer_id
    where counting.customer_id is null

)

select * from customer_merges
