{#- Keys that only one of two models has: a row went missing, or came twice. -#}
{% test same_keys(model, column_name, to, field, where='1 = 1') %}

with here as (

    select {{ column_name }} as key_value
    from {{ model }}

),

there as (

    select distinct {{ field }} as key_value
    from {{ to }}
    where {{ where }}

)

select
    here.key_value as here_value,
    there.key_value as there_value
from here
full outer join there on here.key_value = there.key_value
where here.key_value is null or there.key_value is null

{% endtest %}
