{#-
    A parent's rows of the keys that something happened to since this model was
    last built; all its rows in a first build or a full refresh. Customers are
    those of `int_changed_customers`. For another key, `changes` lists the keys
    with their `load_id` (by default the parent itself does), and the model
    names that list for the strategy too, in `meta: changes`; so may a model of
    customers that `int_changed_customers` itself rests on.
-#}
{% macro affected(relation, key='customer_id', changes=none) -%}
    {%- if not execute and key == 'customer_id' and not changes -%}
        {%- do ref('int_changed_customers') -%}
    {%- endif -%}
    {%- if this and is_incremental() -%}
        {%- set list = changes or (
            ref('int_changed_customers') if key == 'customer_id' else relation
        ) -%}
        {%- set rows = relation if changes or not has_extract(relation, key)
            else extract(relation) -%}
        (
            select *
            from {{ rows }}
            where {{ is_listed(key, list) }}
        ) as affected
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
