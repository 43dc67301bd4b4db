{#- A view: it reads every trigger whole, and the record keeps what is new. -#}
{{ config(materialized='view') }}

with policies as (

    select * from {{ ref('act_policies') }}

),

channels as (

    select *
    from {{ ref('act_policy_channels') }}
    where variant = 'default' and position = 1

),

places as (

    select * from {{ ref('int_customer_places') }}

),

advances as (

    select * from {{ ref('act_advances') }}

),

{%- for time in ['due', 'ahead'] %}

{{ time }} as (
    {% for model in trigger_models() %}
    select
        '{{ model }}' as model_name,
        customer_id,
        occurrence_key,
        series_key,
        context,
        step,
        occurred_at,
        eligible_at,
        expires_at,
        {#- What was not known yet has not happened yet. -#}
        case
            when cancelled_at <= {{ as_of() }} then cancelled_at
        end as cancelled_at
    from {{ ref(model) }}
    {%- if time == 'due' %}
    where eligible_at <= {{ as_of() }}
    {%- else %}
    where
        eligible_at > {{ as_of() }}
        and eligible_at <= {{ dbt.dateadd('day', 8, as_of()) }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{%- endfor %}

{#- What would fall into closed hours that are about to begin. -#}
advanced as (

    select
        ahead.*,
        coalesce(
            ahead.eligible_at >= advances.closes_at
            and ahead.eligible_at < advances.reopens_at,
            false
        ) as is_due
    from ahead
    inner join policies on ahead.model_name = policies.model_name
    inner join channels on policies.trigger_id = channels.trigger_id
    left join places on ahead.customer_id = places.customer_id
    left join advances
        on policies.time_profile = advances.time_profile
            and policies.brand = advances.brand
            and channels.channel = advances.channel
            and places.place_id = advances.place_id
    where policies.quiet_hours = 'advance'

),

triggered as (

    select
        due.*,
        true as is_due
    from due
    union all
    select *
    from advanced

),

keyed as (

    select
        {{ stable_key([
            'policies.environment',
            'policies.brand',
            'policies.trigger_id',
            'policies.trigger_version',
            'triggered.occurrence_key',
        ]) }} as occurrence_id,
        policies.environment,
        policies.brand,
        policies.trigger_id,
        triggered.customer_id,
        triggered.occurrence_key,
        triggered.series_key,
        triggered.context,
        policies.trigger_version,
        cast(triggered.step as {{ dbt.type_bigint() }}) as step,
        triggered.is_due,
        triggered.occurred_at,
        triggered.eligible_at,
        triggered.expires_at,
        triggered.cancelled_at
    from triggered
    inner join policies on triggered.model_name = policies.model_name

)

select * from keyed
