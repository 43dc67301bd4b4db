with freezes as (
    {{ house_freezes() }}
)

select * from freezes
