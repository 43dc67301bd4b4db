with policies as (

    select * from {{ ref('act_audience_policies') }}

),

stops as (

    select * from {{ ref('act_stops') }}

),

member_changes as (

    select * from {{ ref('stg_engine__audience_members') }}

),

people as (
    {% for model in audience_models() %}
    select
        '{{ model }}' as model_name,
        customer_id,
        identifier,
        traits
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

audiences as (

    select policies.*
    from policies
    left join stops
        on stops.scope in ('all', 'channel:audience')
            or stops.scope = 'brand:' || policies.brand
    where policies.is_enabled and stops.scope is null

),

{#- The address is part of a member's id: a changed one leaves the list. -#}
wanted as (

    select
        audiences.audience_id,
        {{ stable_key(['people.customer_id', 'people.identifier']) }}
            as member_id,
        people.identifier,
        people.traits,
        {{ md5_hex('people.traits') }} as traits_hash
    from people
    inner join audiences on people.model_name = audiences.model_name

),

numbered as (

    select
        *,
        row_number() over (
            partition by audience_id, destination, member_id
            order by sequence desc, copied_at desc
        ) as recency
    from member_changes

),

{#- Whom the list holds, or will: an add that was refused never came in. -#}
members as (

    select
        numbered.audience_id,
        numbered.member_id,
        numbered.identifier,
        numbered.action,
        numbered.state,
        numbered.traits_hash,
        numbered.sequence,
        numbered.action = 'update'
        or (numbered.action = 'add' and numbered.state <> 'refused')
            as is_member
    from numbered
    inner join audiences
        on numbered.audience_id = audiences.audience_id
            and numbered.destination = audiences.destination
    where numbered.recency = 1

),

compared as (

    select
        coalesce(wanted.audience_id, members.audience_id) as audience_id,
        coalesce(wanted.member_id, members.member_id) as member_id,
        coalesce(wanted.identifier, members.identifier) as identifier,
        coalesce(wanted.traits, '{}') as traits,
        coalesce(wanted.traits_hash, members.traits_hash) as traits_hash,
        coalesce(members.sequence, 0) as last_sequence,
        case
            when wanted.member_id is null and members.is_member then 'remove'
            when wanted.member_id is null then null
            when members.member_id is null then 'add'
            when members.action = 'remove' and members.state = 'refused'
                then 'update'
            when members.action = 'remove' then 'add'
            when members.traits_hash = wanted.traits_hash then null
            when members.is_member then 'update'
            else 'add'
        end as action
    from wanted
    full outer join members
        on wanted.audience_id = members.audience_id
            and wanted.member_id = members.member_id

),

changes as (

    select
        {{ stable_key([
            'audiences.environment',
            'audiences.brand',
            'compared.audience_id',
            'audiences.destination',
            'compared.member_id',
            'compared.action',
            'compared.traits_hash',
            'compared.last_sequence',
        ]) }} as change_id,
        audiences.environment,
        audiences.brand,
        compared.audience_id,
        audiences.destination,
        compared.member_id,
        compared.identifier,
        compared.action,
        compared.traits,
        compared.traits_hash,
        {{ run_number() }} as run_id
    from compared
    inner join audiences on compared.audience_id = audiences.audience_id
    where
        compared.action is not null
        and (compared.action <> 'remove' or audiences.mode = 'mirror')

)

select * from changes
