{#-
    The last load of which anything can be shown: one whose time has come, or one
    of history, whose rows were known before it.
-#}
{% macro last_load() -%}
    select max(load_id)
    from {{ source('raw', 'loads') }}
    where loaded_at <= {{ as_of() }} or mode = 'history'
{%- endmacro %}
