{{ config(materialized='view') }}

with months as (

    {{ dbt.date_spine(
        'month',
        "cast('" ~ var('first_vintage_date') ~ "' as date)",
        dbt.dateadd('month', 1, 'cast(' ~ as_of() ~ ' as date)'),
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
    where date_month <= {{ as_of() }}

)

select * from vintages
