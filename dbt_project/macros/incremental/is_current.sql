{#-
    Whether nothing can have changed for the model being run: it follows loads
    alone, and it and all its parents have taken in every load that there is.
-#}
{% macro is_current() -%}
    {%- if should_full_refresh() or flags.EMPTY or flags.SAMPLE
        or not follows_loads(model)
        or load_cached_relation(this) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set names = ([this.identifier] + parent_models(model)) | unique | list -%}
    {%- set found = run_query(
        "select count(*) from " ~ watermarks()
        ~ " where model in ('" ~ names | join("', '") ~ "') and load_id = ("
        ~ last_load() ~ ")"
    ) -%}
    {{ return(found.rows[0][0] == names | length) }}
{%- endmacro %}
