with deliveries as (

    select
        invoice_id,
        survivor_id as customer_id,
        subscription_id,
        currency_code,
        total_amount,
        not is_deleted
        and case
            when status = 'failed' then true
            when coalesce(status, 'open') = 'open'
                then coalesce(failure_count > 0, false)
            else false
        end as is_failed,
        is_deleted
        or coalesce(status in ('paid', 'void'), false) as is_settled,
        issued_at,
        due_at,
        changed_at,
        known_at
    from {{ affected_survivors(
        ref('stg_activation__invoice_changes'), 'invoice_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'invoice_id',
        columns=[
            'customer_id', 'subscription_id', 'currency_code', 'total_amount',
            'is_failed', 'is_settled', 'issued_at', 'due_at',
        ],
        state=['customer_id'],
    ) }}
),

settled as (

    select
        *,
        min(case when is_settled then valid_from end) over (
            partition by invoice_id
            order by valid_from
            rows between current row and unbounded following
        ) as settled_known_at,
        row_number() over (
            partition by invoice_id, customer_id
            order by
                case when is_failed then 0 else 1 end,
                valid_from
        ) as telling
    from versions

),

{# The version that tells of the invoice: its first failure, else its first. #}
invoices as (

    select
        invoice_id,
        customer_id,
        subscription_id,
        currency_code,
        total_amount,
        is_failed,
        issued_at,
        due_at,
        case when is_failed then changed_at end as failed_at,
        known_at,
        case when is_failed then valid_from end as failed_known_at,
        {{ earliest('settled_known_at', 'state_valid_to') }}
            as settled_known_at
    from settled
    where telling = 1 and {{ is_affected() }}

)

select * from invoices
