{#-
    The condition that a list of changes names a row's key since the last build;
    `expression` where the row calls it otherwise than the list.
-#}
{% macro is_listed(key, changes, expression=none) -%}
    {%- if has_news(changes) -%}
        {{ expression or key }} in (
            select listed.{{ key }}
            from {{ changes }} as listed
            where
                listed.load_id > {{ watermark() }}
                and listed.{{ key }} is not null
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
