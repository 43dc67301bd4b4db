{#-
    An ISO 8601 text as a time in UTC, null when it is none. A time without an
    offset is taken for UTC; seconds may be missing.
-#}
{% macro safe_timestamp(expression) -%}
    {{ return(adapter.dispatch('safe_timestamp', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__safe_timestamp(expression) -%}
    {{ return("try_cast(" ~ expression ~ " as timestamp)") }}
{%- endmacro %}

{#- A cast to a time without a zone would drop the offset silently. -#}
{% macro duckdb__safe_timestamp(expression) -%}
    {%- set text = "regexp_replace(" ~ expression
        ~ ", '([T ][0-9]{2}:[0-9]{2})(Z|[+-]|$)', '\\1:00\\2')" -%}
    {{ return(
        "case when " ~ matches(expression, iso_time())
        ~ " then try_cast(" ~ text ~ " as timestamp) when "
        ~ matches(expression, iso_time() ~ iso_offset())
        ~ " then try_cast(" ~ text
        ~ " as timestamp with time zone) at time zone 'UTC' end"
    ) }}
{%- endmacro %}

{#- There is no cast that may fail, so the day is compared with its month's. -#}
{% macro postgres__safe_timestamp(expression) -%}
    {%- set last_day = "to_char(cast(substr(" ~ expression
        ~ ", 1, 7) || '-01' as date) + interval '1 month -1 day', 'DD')" -%}
    {{ return(
        "case when " ~ matches(
            expression, iso_time() ~ iso_offset() ~ '?'
        ) ~ " then case when substr(" ~ expression ~ ", 9, 2) > " ~ last_day
        ~ " then null when " ~ matches(
            expression, iso_time()
        ) ~ " then cast(" ~ expression ~ " as timestamp) else cast("
        ~ expression ~ " as timestamp with time zone) at time zone 'UTC'"
        ~ " end end"
    ) }}
{%- endmacro %}
