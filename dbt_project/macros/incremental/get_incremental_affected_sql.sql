{#-
    The incremental strategy `affected`: delete the keys concerned, then insert
    them as rebuilt. A key whose result became empty is deleted too, which the
    stock strategies, that delete only keys they insert, cannot do.
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
    delete from {{ target_relation }}
    where {{ is_listed(key, changes) }};
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
    {%- if config.get('meta', {}).get('keeps_extract') %};
    drop table if exists {{ extract(target_relation) }};
    create table {{ extract(target_relation) }} as
    select * from {{ arguments['temp_relation'] }}
    {%- endif %}
{%- endmacro %}
