{#-
    The versions of things in known time, as a query over rows of change: one
    row per version that came into force, from `valid_from` to `valid_to` (null
    while it is). Of rows alike the first known counts, of several known at one
    instant the latest, and what is told after a later change was known never
    comes into force.

    `state` names the columns whose change is of interest: `is_new_state` says
    whether a version differs in one of them from the one before it (the first
    always does), `state_valid_to` when the next such version came into force.
-#}
{% macro versions_in_force(relation, key, columns, state) -%}
    {%- set listed = [key] + columns + ['changed_at'] -%}
    select
        stated.*,
        valid_from as known_at,
        lead(valid_from) over (
            partition by {{ key }}
            order by valid_from
        ) as valid_to,
        min(case when is_new_state then valid_from end) over (
            partition by {{ key }}
            order by valid_from
            rows between 1 following and unbounded following
        ) as state_valid_to
    from (
        select
            {{ listed | join(', ') }},
            known_at as valid_from,
            row_number() over (
                partition by {{ key }} order by known_at
            ) = 1
            {%- for column in state %}
            or {{ is_other(
                column,
                'lag(' ~ column ~ ') over (partition by ' ~ key
                ~ ' order by known_at)',
            ) }}
            {%- endfor %} as is_new_state
        from (
            select
                distinct_changes.*,
                max(changed_at) over (
                    partition by {{ key }}
                    order by known_at
                ) as latest_changed_at,
                row_number() over (
                    partition by {{ key }}, known_at
                    order by changed_at desc, {{ columns | join(', ') }}
                ) as recency
            from (
                select
                    {{ listed | join(', ') }},
                    min(known_at) as known_at
                from {{ relation }}
                group by {{ listed | join(', ') }}
            ) as distinct_changes
        ) as numbered
        where recency = 1 and changed_at = latest_changed_at
    ) as stated
{%- endmacro %}
