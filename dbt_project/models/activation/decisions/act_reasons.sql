with reasons as (
    {{ rows_of(
        {
            'reason': dbt.type_string(), 'verdict': dbt.type_string(),
            'description': dbt.type_string(), 'is_final': 'boolean',
        },
        decision_reasons(),
    ) }}
)

select * from reasons
