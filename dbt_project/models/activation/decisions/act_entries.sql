{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed and {{ may_record() }}

),

entries as (

    select distinct
        candidates.occurrence_id,
        candidates.trigger_id,
        candidates.customer_id,
        candidates.unit_id,
        candidates.series_key,
        candidates.step,
        {{ run_number() }} as entered_run_id,
        {{ as_of() }} as entered_at
    from candidates
    {% if this and is_incremental() -%}
    left join {{ this }} as entered
        on candidates.occurrence_id = entered.occurrence_id
    where entered.occurrence_id is null
    {%- endif %}

)

select * from entries
