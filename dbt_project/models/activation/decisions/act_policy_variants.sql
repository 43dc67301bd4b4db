with variants as (
    {{ policy_variants() }}
)

select * from variants
