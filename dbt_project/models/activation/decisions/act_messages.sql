with sends as (

    select * from {{ ref('act_pending_sends') }}

),

units as (

    select * from {{ ref('int_units') }}

),

occurrences as (

    select * from {{ ref('act_occurrences') }}

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

{#- What a message carries: its own occurrence first. -#}
carried as (

    select
        sends.carrier_decision_id,
        {{ json_array_agg(
            'sends.occurrence_id',
            'sends.is_carried, sends.priority, sends.occurrence_id',
        ) }} as occurrence_ids,
        case
            when count(*) > 1
                then {{ json_array_agg(
                    json_object({
                        'trigger': 'sends.trigger_id',
                        'context': json_document('occurrences.context'),
                    }),
                    'sends.is_carried, sends.priority, sends.occurrence_id',
                ) }}
        end as items,
        min(withdrawals.withdrawn_reason) as withdrawn_reason
    from sends
    inner join occurrences on sends.occurrence_id = occurrences.occurrence_id
    left join withdrawals on sends.decision_id = withdrawals.decision_id
    group by sends.carrier_decision_id

),

messages as (

    select
        {{ stable_key([
            'occurrences.environment',
            'occurrences.brand',
            'occurrences.trigger_id',
            'occurrences.trigger_version',
            'occurrences.occurrence_key',
            'sends.channel',
            'sends.contact_point',
        ]) }} as message_key,
        sends.decision_id,
        sends.environment,
        sends.brand,
        sends.trigger_id,
        carried.occurrence_ids,
        sends.survivor_id as customer_id,
        coalesce(units.unit_id, sends.unit_id) as unit_id,
        {#- Of a trigger that is gone: it is here to be withdrawn. #}
        coalesce(policies.purpose, 'marketing') as purpose,
        sends.channel,
        sends.contact_point_id,
        sends.contact_point,
        sends.template,
        sends.variant,
        coalesce(sends.sender, policies.sender, '') as sender,
        sends.subject,
        sends.offer,
        coalesce(customers.locale, '') as locale,
        coalesce(customers.timezone, 'UTC') as timezone,
        coalesce(policies.on_unknown, 'hold') as on_unknown,
        occurrences.context,
        carried.items,
        cast({{ json_object({
            'customer_id': 'sends.survivor_id',
            'first_name': 'customers.first_name',
            'last_name': 'customers.last_name',
            'locale': 'customers.locale',
            'country': 'customers.country_code',
        }) }} as {{ dbt.type_string() }}) as customer,
        {#- A digest goes out whole, or it is decided again. #}
        coalesce(
            withdrawals.withdrawn_reason,
            carried.withdrawn_reason,
            case when policies.trigger_id is null then 'trigger_gone' end
        ) as withdrawn_reason,
        sends.run_id,
        sends.trigger_version,
        occurrences.step,
        sends.priority,
        coalesce(policies.is_mandatory, false) as is_mandatory,
        sends.send_not_before,
        sends.send_not_after,
        sends.decided_at
    from sends
    inner join carried
        on sends.decision_id = carried.carrier_decision_id
    inner join occurrences
        on sends.occurrence_id = occurrences.occurrence_id
    left join policies on sends.trigger_id = policies.trigger_id
    left join customers on sends.survivor_id = customers.customer_id
    left join units on sends.survivor_id = units.customer_id
    left join withdrawals on sends.decision_id = withdrawals.decision_id

)

select * from messages
