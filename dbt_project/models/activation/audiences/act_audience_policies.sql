with policies as (
    {{ audience_policies() }}
)

select * from policies
