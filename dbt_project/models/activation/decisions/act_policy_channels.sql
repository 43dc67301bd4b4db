with channels as (
    {{ policy_channels() }}
)

select * from channels
