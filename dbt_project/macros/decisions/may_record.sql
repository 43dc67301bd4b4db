{#-
    Whether this build may add to the records: the live schema's are written by
    live runs only, every other schema's by whoever builds it.
-#}
{% macro may_record() -%}
    {{ '1 = 1' if target.name != 'live' or var('run_mode') == 'live'
        else '1 = 0' }}
{%- endmacro %}
