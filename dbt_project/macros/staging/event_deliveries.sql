{#-
    Every delivery of an event, in the table and in the archive. A schema of
    one's own has no archive.
-#}
{% macro event_deliveries() -%}
    {%- set columns = [
        'event_id', 'event_name', 'user_id', 'anonymous_id', 'occurred_at',
        'received_at', 'properties', 'context', 'load_id', 'loaded_at',
        'known_at',
    ] | join(', ') -%}
    {%- if var('raw_schema') == 'raw' -%}
        (
            select {{ columns }}
            from {{ source('raw', 'events') }}
            union all
            select {{ columns }}
            from {{ source('raw', 'archived_events') }}
        ) as deliveries
    {%- else -%}
        {{ source('raw', 'events') }}
    {%- endif -%}
{%- endmacro %}
