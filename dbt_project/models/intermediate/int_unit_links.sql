with contact_point_changes as (

    select
        survivor_id,
        customer_id,
        channel,
        {{ contact_point('channel', 'address') }} as contact_point
    from {{ affected_survivors(
        ref('stg_activation__contact_point_changes')
    ) }}

),

customer_changes as (

    select *
    from {{ affected_survivors(ref('stg_activation__customer_changes')) }}

),

profiles as (

    select
        customer_id,
        {{ person_id('account_id') }} as account_id
    from {{ affected(ref('int_customer_profiles')) }}

),

{#- A contact point and a household link whom they were ever known to be of. -#}
mentions as (

    select
        survivor_id as customer_id,
        customer_id as profile_id,
        'contact_point' as link_kind,
        'contact_point:' || channel || ':' || contact_point as link_id
    from contact_point_changes
    where
        channel is not null
        and {{ is_contact_point('channel', 'contact_point') }}
    union all
    select
        survivor_id as customer_id,
        customer_id as profile_id,
        'household' as link_kind,
        'household:' || household_id as link_id
    from customer_changes
    where household_id is not null
    union all
    {#- Of accounts the present one. #}
    select
        customer_id,
        customer_id as profile_id,
        'account' as link_kind,
        'account:' || account_id as link_id
    from profiles
    where account_id is not null

),

counted as (

    select
        customer_id,
        link_kind,
        link_id,
        count(distinct profile_id) as profile_count
    from mentions
    where customer_id is not null
    group by customer_id, link_kind, link_id

),

digests as (

    select
        customer_id,
        {{ md5_hex(json_array_agg(
            "link_id || ' ' || cast(profile_count as "
            ~ dbt.type_string() ~ ")",
            'link_id',
        )) }} as links_digest
    from counted
    group by customer_id

),

links as (

    select
        counted.customer_id,
        counted.link_kind,
        counted.link_id,
        digests.links_digest
    from counted
    inner join digests on counted.customer_id = digests.customer_id

)

select * from links
