with countries as (
    {{ policy_countries() }}
)

select * from countries
