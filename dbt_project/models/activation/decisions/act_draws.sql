with candidates as (

    select *
    from {{ ref('act_candidates') }}
    where is_passed

),

policies as (

    select * from {{ ref('act_policies') }}

),

arms as (

    select * from {{ ref('act_arms') }}

),

drawn as (

    select
        candidates.occurrence_id,
        '' as leg,
        candidates.brand,
        candidates.trigger_id,
        candidates.customer_id,
        candidates.unit_id,
        policies.purpose,
        candidates.priority,
        candidates.eligible_at,
        candidates.expires_at,
        candidates.eligible_at as due_at,
        candidates.channel,
        candidates.contact_point_id,
        candidates.contact_point,
        coalesce(trigger_arms.variant, 'default') as variant,
        policies.sender,
        cast(null as {{ dbt.type_string() }}) as subject,
        cast(null as {{ dbt.type_string() }}) as offer,
        cast(null as {{ dbt.type_string() }}) as template,
        policies.cap_group,
        policies.digest,
        policies.on_cap,
        policies.quiet_hours,
        policies.time_profile,
        cast(null as {{ dbt.type_string() }}) as place_id,
        cast(null as {{ dbt.type_string() }}) as country_code,
        cast(null as {{ dbt.type_string() }}) as region,
        case
            when global_arms.arm = 'held_out' then global_arms.assignment_id
            else trigger_arms.assignment_id
        end as assignment_id,
        case
            when global_arms.arm = 'held_out' then 'held_out_global'
            when trigger_arms.arm = 'held_out' then 'held_out_trigger'
        end as held_out_reason
    from candidates
    inner join policies on candidates.trigger_id = policies.trigger_id
    left join arms as global_arms
        on candidates.unit_id = global_arms.unit_id
            and policies.purpose = 'marketing'
            and global_arms.experiment_id = {{ global_experiment() }}
            and {{ global_holdout_buckets() }} > 0
    left join arms as trigger_arms
        on candidates.unit_id = trigger_arms.unit_id
            and policies.purpose = 'marketing'
            and policies.experiment_id = trigger_arms.experiment_id

)

select * from drawn
