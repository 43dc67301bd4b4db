{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

with policies as (

    select *
    from {{ ref('act_policies') }}
    where is_enabled

),

launches as (

    select
        policies.trigger_id,
        policies.trigger_version,
        {{ run_number() }} as launched_run_id,
        coalesce(
            policies.live_from,
            {{ dbt.dateadd(
                'second', 'coalesce(policies.live_offset_seconds, 0)', as_of()
            ) }}
        ) as live_from
    from policies
    {% if this and is_incremental() -%}
    left join {{ this }} as launched
        on policies.trigger_id = launched.trigger_id
            and policies.trigger_version = launched.trigger_version
    where launched.trigger_id is null and {{ may_record() }}
    {%- else -%}
    where {{ may_record() }}
    {%- endif %}

)

select * from launches
