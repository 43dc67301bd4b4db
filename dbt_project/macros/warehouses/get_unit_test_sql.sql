{#-
    A unit test's rows on PostgreSQL, where 30 and 30.0000 are one number and two
    texts: a sum or a maximum forgets how many places its column has. Numbers are
    shown without the zeros at their end, on both sides.
-#}
{% macro postgres__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {%- set numbers = [] -%}
    {%- for column in adapter.get_column_schema_from_query(
        get_empty_subquery_sql(main_sql)
    ) if column.dtype | upper in ('DECIMAL', 'NUMERIC') -%}
        {%- do numbers.append(column.quoted) -%}
    {%- endfor -%}
    {#- dbt looks for these two names where it expects no rows. -#}
    with
    {%- for kind, query in [
        ('actual', main_sql), ('expected', expected_fixture_sql),
    ] %}
    dbt_internal_unit_test_{{ kind }} as (
        select
            {%- for column in expected_column_names %}
            {{ 'trim_scale(' ~ column ~ ') as ' ~ column
                if column in numbers else column }},
            {%- endfor %}
            '{{ kind }}' as {{ adapter.quote('actual_or_expected') }}
        from (
            {{ query }}
        ) as {{ kind }}
    ){{ ',' if not loop.last }}
    {%- endfor %}
    select * from dbt_internal_unit_test_actual
    union all
    select * from dbt_internal_unit_test_expected
{%- endmacro %}
