with invoices as (

    select * from {{ source('raw', 'invoices') }}

),

renamed as (

    select
        id as invoice_id,
        {{ person_id(json_text('attributes', 'customer_id')) }} as customer_id,
        {{ json_text('attributes', 'subscription_id') }} as subscription_id,
        {{ json_text('attributes', 'status') }} as status,
        {{ json_text('attributes', 'currency') }} as currency_code,
        load_id,
        {{ json_number('attributes', 'total') }} as total_amount,
        {{ json_integer('attributes', 'failure_count') }} as failure_count,
        is_deleted,
        {{ safe_timestamp(json_text('attributes', 'issued_at')) }} as issued_at,
        {{ safe_timestamp(json_text('attributes', 'due_at')) }} as due_at,
        changed_at,
        known_at
    from invoices
    where known_at <= {{ as_of() }}

)

select * from renamed
