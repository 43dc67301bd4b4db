{#- The condition that a list of changes names a row's key since the last build. -#}
{% macro is_listed(key, changes) -%}
    {%- if has_news(changes) -%}
        {{ key }} in (
            select {{ key }}
            from {{ changes }}
            where load_id > {{ watermark() }} and {{ key }} is not null
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
