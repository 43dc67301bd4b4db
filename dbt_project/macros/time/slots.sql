{#-
    The quarters of an hour of UTC from two days before the one that holds
    `as_of` (number 192) until eight days after it, as a query.
-#}
{% macro slots() -%}
    {%- set number = '100 * hundreds.digit + 10 * tens.digit + ones.digit' -%}
    select
        {{ number }} as slot_number,
        {{ dbt.dateadd(
            'minute', '15 * (' ~ number ~ ' - 192)', slot_of(as_of())
        ) }} as slot_at
    from ({{ digits() }}) as hundreds
    cross join ({{ digits() }}) as tens
    cross join ({{ digits() }}) as ones
    where {{ number }} < 960
{%- endmacro %}
