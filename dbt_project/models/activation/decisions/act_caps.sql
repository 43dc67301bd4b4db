with caps as (
    {{ house_caps() }}
)

select * from caps
