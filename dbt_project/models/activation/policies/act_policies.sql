{%- do check_generated_list('trigger', trigger_models()) -%}
{%- do check_generated_list('audience', audience_models()) -%}

with policies as (
    {{ policies() }}
)

select * from policies
