{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns',
    )
}}

with members as (

    {% for segment in segments() -%}
    select
        '{{ segment | replace('seg_', '', 1) }}' as segment,
        customer_id
    from {{ ref(segment) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

{% if this and is_incremental() -%}
recorded as (

    select
        *,
        row_number() over (
            partition by segment, customer_id
            order by changed_at desc
        ) as recency
    from {{ this }}

),

former_members as (

    select
        segment,
        customer_id
    from recorded
    where recency = 1 and is_member

),

compared as (

    select
        coalesce(members.segment, former_members.segment) as segment,
        coalesce(members.customer_id, former_members.customer_id)
            as customer_id,
        members.customer_id is not null as is_member
    from members
    full outer join former_members
        on members.segment = former_members.segment
            and members.customer_id = former_members.customer_id
    where
        (members.customer_id is null or former_members.customer_id is null)
        {#- What was recorded stands: an earlier instant adds nothing. -#}
        and not exists (
            select 1
            from recorded
            where recorded.changed_at >= {{ as_of() }}
        )

),

{%- else -%}
compared as (

    select
        segment,
        customer_id,
        true as is_member
    from members

),

{%- endif %}

changes as (

    select
        segment,
        customer_id,
        {{ whole(var('run_id')) }} as run_id,
        is_member,
        {{ as_of() }} as changed_at
    from compared

)

select * from changes
