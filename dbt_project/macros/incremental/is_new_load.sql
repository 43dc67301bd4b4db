{#- The condition that a row's load came after this model was last built. -#}
{% macro is_new_load() -%}
    {%- if this and is_incremental() -%}
        load_id > {{ watermark() }}
    {%- else -%}
        load_id is not null
    {%- endif -%}
{%- endmacro %}
