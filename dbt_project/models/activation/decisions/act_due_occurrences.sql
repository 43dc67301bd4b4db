{#- A view: it reads every trigger whole, and the record keeps what is new. -#}
{{ config(materialized='view') }}

with policies as (

    select * from {{ ref('act_policies') }}

),

triggered as (
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
    where eligible_at <= {{ as_of() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
        triggered.occurred_at,
        triggered.eligible_at,
        triggered.expires_at,
        triggered.cancelled_at
    from triggered
    inner join policies on triggered.model_name = policies.model_name

)

select * from keyed
