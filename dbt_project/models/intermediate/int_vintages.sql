{{ config(materialized='view') }}

with months as (

    {{ dbt.date_spine(
        'month',
        "cast('" ~ var('first_vintage_date') ~ "' as date)",
        dbt.dateadd('day', 1, 'cast(' ~ as_of() ~ ' as date)'),
    ) }}

),

vintages as (

    select
        cast(date_month as {{ dbt.type_timestamp() }}) as valid_from,
        cast(
            {{ dbt.dateadd('month', 1, 'date_month') }}
            as {{ dbt.type_timestamp() }}
        ) as valid_to
    from months

)

select * from vintages
