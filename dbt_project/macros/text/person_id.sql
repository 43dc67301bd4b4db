{#-
    An identifier, or null where a tracker wrote a placeholder: '', 'null' and
    'guest' are not persons, and one of them would stitch strangers together.
-#}
{% macro person_id(column) -%}
    case
        when {{ lowered(trimmed(column)) }} in (
            '', '0', '-', 'null', 'none', 'nil', 'nan', 'undefined', 'unknown',
            'guest', 'anonymous', 'n/a', 'false', 'true', '(not set)',
            '00000000-0000-0000-0000-000000000000'
        ) then null
        else {{ trimmed(column) }}
    end
{%- endmacro %}
