{#-
    `affected`, for a parent that names customers as its source does: its rows
    of the customers concerned, each with `survivor_id`, whom it belongs to now
    that profiles were merged. With `thing`, all rows of every thing that ever
    named one of them, since a thing may go from one customer to another; such a
    model ends with `where is_affected()`.
-#}
{% macro affected_survivors(relation, thing=none) -%}
    {%- if not execute -%}
        {%- do ref('int_changed_customers') -%}
    {%- endif -%}
    {%- set survivors = resolved_survivors(relation) -%}
    {%- if not (this and is_incremental()) -%}
        {{ survivors }} as affected
    {%- elif thing -%}
        (
            select changes.*
            from {{ survivors }} as changes
            where changes.{{ thing }} in (
                select named.{{ thing }}
                from {{ survivors }} as named
                where {{ is_listed(
                    'customer_id', ref('int_changed_customers'),
                    'named.survivor_id',
                ) }}
            )
        ) as affected
    {%- else -%}
        (
            select changes.*
            from {{ survivors }} as changes
            where {{ is_listed(
                'customer_id', ref('int_changed_customers'),
                'changes.survivor_id',
            ) }}
        ) as affected
    {%- endif -%}
{%- endmacro %}
