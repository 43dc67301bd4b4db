{#- The condition that a parent's row came after this model was last built. -#}
{% macro is_new_load(relation) -%}
    {%- if not (this and is_incremental()) -%}
        load_id is not null
    {%- elif has_news(relation) -%}
        load_id > {{ watermark() }}
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
