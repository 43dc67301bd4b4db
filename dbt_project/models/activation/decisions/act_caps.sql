with caps as (
    {{ rows_of(
        {
            'cap_id': dbt.type_string(), 'purpose': dbt.type_string(),
            'days': dbt.type_bigint(), 'max_messages': dbt.type_bigint(),
        },
        var('caps'),
    ) }}
)

select * from caps
