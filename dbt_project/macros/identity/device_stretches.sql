{#-
    The stretch of its device's life in which each moment falls, as a query over
    `moments` and `sign_outs` (CTEs of the model): `began_at` is the last
    sign-out before the moment, of those known no later than the moment itself,
    so that a sign-out told late moves nothing that was known before. Moments
    without one are left out: their stretch began `far_past()`.
-#}
{% macro device_stretches(moments, sign_outs) -%}
    select
        moments.anonymous_id,
        moments.occurred_at,
        moments.known_at,
        max(sign_outs.signed_out_at) as began_at
    from (
        select distinct
            anonymous_id,
            occurred_at,
            known_at
        from {{ moments }}
    ) as moments
    inner join {{ sign_outs }} as sign_outs
        on moments.anonymous_id = sign_outs.anonymous_id
            and moments.occurred_at > sign_outs.signed_out_at
            and moments.known_at >= sign_outs.known_at
    group by moments.anonymous_id, moments.occurred_at, moments.known_at
{%- endmacro %}
