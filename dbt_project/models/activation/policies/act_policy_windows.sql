with windows as (
    {{ policy_windows() }}
)

select * from windows
