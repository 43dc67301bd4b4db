{#-
    The connected components of members who share ties, as a query over `ties`
    (a CTE of the model) with columns `member` (bigint, in random order) and
    `tie`: one row per `member` with its `component`, one member's number.

    Each round, every member points to the smallest of all with whom it shares a
    tie, and so does whom it points to; then those who point to one member are
    one. A tie of thousands is one in a round, a chain a third as long, since
    few pointers follow each other where the order is random. A recursion, which
    would take the square of a component, ends what the rounds leave.
-#}
{% macro connected_components(ties, rounds=5) -%}
    with recursive pairs_0 as (
        select distinct
            member as label,
            tie
        from {{ ties }}
    ),
    {% for number in range(1, rounds + 1) %}
    {%- set before = 'pairs_' ~ (number - 1) %}
    lowest_{{ number }} as (
        select
            tie,
            min(label) as label
        from {{ before }}
        group by tie
        having count(*) > 1
    ),
    pointers_{{ number }} as (
        select
            pairs.label,
            min(lowest.label) as target
        from {{ before }} as pairs
        inner join lowest_{{ number }} as lowest on pairs.tie = lowest.tie
        group by pairs.label
    ),
    leaps_{{ number }} as (
        select
            pointers.label,
            targets.target
        from pointers_{{ number }} as pointers
        inner join pointers_{{ number }} as targets
            on pointers.target = targets.label
    ),
    targets_{{ number }} as (
        select
            leaps.label,
            targets.target
        from leaps_{{ number }} as leaps
        inner join leaps_{{ number }} as targets
            on leaps.target = targets.label
    ),
    pairs_{{ number }} as (
        select distinct
            targets.target as label,
            pairs.tie
        from {{ before }} as pairs
        inner join targets_{{ number }} as targets
            on pairs.label = targets.label
    ),
    {% endfor %}
    lowest_left as (
        select
            tie,
            min(label) as label
        from pairs_{{ rounds }}
        group by tie
        having count(*) > 1
    ),
    edges as (
        select
            pairs.label,
            lowest.label as other_label
        from pairs_{{ rounds }} as pairs
        inner join lowest_left as lowest on pairs.tie = lowest.tie
        union
        select
            lowest.label,
            pairs.label as other_label
        from pairs_{{ rounds }} as pairs
        inner join lowest_left as lowest on pairs.tie = lowest.tie
    ),
    reaches as (
        select
            label,
            other_label as target
        from edges
        union
        select
            reaches.label,
            edges.other_label as target
        from reaches
        inner join edges on reaches.target = edges.label
    ),
    targets_{{ rounds + 1 }} as (
        select
            label,
            min(target) as target
        from reaches
        group by label
    ),
    labels_0 as (
        select distinct
            label as member,
            label
        from pairs_0
    )
    {%- for number in range(1, rounds + 2) %},
    labels_{{ number }} as (
        select
            labels.member,
            coalesce(targets.target, labels.label) as label
        from labels_{{ number - 1 }} as labels
        left join targets_{{ number }} as targets
            on labels.label = targets.label
    )
    {%- endfor %}
    select
        member,
        label as component
    from labels_{{ rounds + 1 }}
{%- endmacro %}
