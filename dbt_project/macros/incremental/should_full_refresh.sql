{#-
    dbt's own question whether a table is made anew, asked by `is_incremental`
    and by the materialisation; of a model that follows the months it is also
    made anew when they moved.
-#}
{% macro should_full_refresh() -%}
    {{ return(dbt.should_full_refresh() or months_moved()) }}
{%- endmacro %}
