with decisions as (

    select decisions.*
    from {{ resolved_survivors(ref('act_decisions')) }} as decisions

),

units as (

    select * from {{ ref('int_units') }}

),

occurrences as (

    select * from {{ ref('act_occurrences') }}

),

deliveries as (

    select * from {{ ref('act_deliveries') }}

),

policies as (

    select * from {{ ref('act_policies') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

withdrawals as (

    select * from {{ ref('act_withdrawals') }}

),

standing_runs as (

    select * from {{ ref('act_standing_runs') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by occurrence_id
            order by decided_at desc, run_id desc
        ) as recency
    from decisions

),

pending as (

    select numbered.*
    from numbered
    inner join standing_runs on numbered.run_id = standing_runs.run_id
    left join deliveries on numbered.decision_id = deliveries.decision_id
    where
        numbered.recency = 1
        and numbered.verdict = 'send'
        and coalesce(deliveries.state, 'planned') in ('planned', 'claimed')

),

messages as (

    select
        {{ stable_key([
            'occurrences.environment',
            'occurrences.brand',
            'occurrences.trigger_id',
            'occurrences.trigger_version',
            'occurrences.occurrence_key',
            'pending.channel',
            'pending.contact_point',
        ]) }} as message_key,
        pending.decision_id,
        pending.environment,
        pending.brand,
        pending.trigger_id,
        '[' || {{ json_string('pending.occurrence_id') }} || ']'
            as occurrence_ids,
        pending.survivor_id as customer_id,
        coalesce(units.unit_id, pending.unit_id) as unit_id,
        policies.purpose,
        pending.channel,
        pending.contact_point_id,
        pending.contact_point,
        pending.template,
        pending.variant,
        policies.sender,
        coalesce(customers.locale, '') as locale,
        coalesce(customers.timezone, 'UTC') as timezone,
        policies.on_unknown,
        occurrences.context,
        cast({{ json_object({
            'customer_id': 'pending.survivor_id',
            'first_name': 'customers.first_name',
            'last_name': 'customers.last_name',
            'locale': 'customers.locale',
            'country': 'customers.country_code',
        }) }} as {{ dbt.type_string() }}) as customer,
        withdrawals.withdrawn_reason,
        pending.run_id,
        pending.trigger_version,
        occurrences.step,
        pending.priority,
        policies.is_mandatory,
        pending.send_not_before,
        pending.send_not_after,
        pending.decided_at
    from pending
    inner join occurrences
        on pending.occurrence_id = occurrences.occurrence_id
    inner join policies on pending.trigger_id = policies.trigger_id
    left join customers on pending.survivor_id = customers.customer_id
    left join units on pending.survivor_id = units.customer_id
    left join withdrawals on pending.decision_id = withdrawals.decision_id

)

select * from messages
