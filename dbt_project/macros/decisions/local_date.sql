{#- The calendar day of an instant in UTC, in a time zone. -#}
{% macro local_date(instant, timezone) -%}
    {{ return(
        adapter.dispatch('local_date', 'activation')(instant, timezone)
    ) }}
{%- endmacro %}

{% macro default__local_date(instant, timezone) -%}
    {{ return(
        "cast(((" ~ instant ~ ") at time zone 'UTC') at time zone " ~ timezone
        ~ " as date)"
    ) }}
{%- endmacro %}

{% macro spark__local_date(instant, timezone) -%}
    {{ return(
        "cast(from_utc_timestamp(" ~ instant ~ ", " ~ timezone ~ ") as date)"
    ) }}
{%- endmacro %}

{% macro snowflake__local_date(instant, timezone) -%}
    {{ return(
        "cast(convert_timezone('UTC', " ~ timezone ~ ", " ~ instant
        ~ ") as date)"
    ) }}
{%- endmacro %}
