{#-
    The incremental strategy `affected`: delete the keys concerned, then insert
    them as rebuilt. A key whose result became empty is deleted too, which the
    stock strategies, that delete only keys they insert, cannot do. A model that
    makes other keys anew than are listed names in `meta: remaining` the model of
    those that there are: then the keys go that it made, and of those listed what
    remains no more.
-#}
{% macro get_incremental_affected_sql(arguments) -%}
    {%- set target_relation = arguments['target_relation'] -%}
    {%- set key = arguments['unique_key'] -%}
    {%- set columns = get_quoted_csv(
        arguments['dest_columns'] | map(attribute='name')
    ) -%}
    {%- set changes = ref(
        config.get('meta', {}).get('changes', 'int_changed_customers')
        if key == 'customer_id' else config.get('meta', {})['changes']
    ) -%}
    {%- set remaining = config.get('meta', {}).get('remaining') -%}
    {%- if remaining %}
    delete from {{ target_relation }}
    where {{ key }} in (
        select made.{{ key }} from {{ arguments['temp_relation'] }} as made
    );
    {%- endif %}
    delete from {{ target_relation }}
    where {{ is_listed(key, changes) }}
    {%- if remaining %}
        and {{ key }} not in (
            select remaining.{{ key }}
            from {{ ref(remaining) }} as remaining
            where {{ is_listed(key, changes, 'remaining.' ~ key) }}
        )
    {%- endif %};
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
    {%- if config.get('meta', {}).get('keeps_extract') %};
    drop table if exists {{ extract(target_relation) }};
    create table {{ extract(target_relation) }} as
    select * from {{ arguments['temp_relation'] }}
    {%- endif %}
{%- endmacro %}
