with ramps as (
    {{ policy_ramps() }}
)

select * from ramps
