{#-
    What the clocks of a time zone show at an instant in UTC. In this direction
    every instant has one answer, at clock changes too.
-#}
{% macro local_time(instant, timezone) -%}
    {{ return(
        adapter.dispatch('local_time', 'activation')(instant, timezone)
    ) }}
{%- endmacro %}

{% macro default__local_time(instant, timezone) -%}
    {{ return(
        "cast(((" ~ instant ~ ") at time zone 'UTC') at time zone " ~ timezone
        ~ " as timestamp)"
    ) }}
{%- endmacro %}

{% macro spark__local_time(instant, timezone) -%}
    {{ return("from_utc_timestamp(" ~ instant ~ ", " ~ timezone ~ ")") }}
{%- endmacro %}

{% macro snowflake__local_time(instant, timezone) -%}
    {{ return(
        "convert_timezone('UTC', " ~ timezone ~ ", " ~ instant ~ ")"
    ) }}
{%- endmacro %}
