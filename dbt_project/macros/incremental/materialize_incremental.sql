{#-
    dbt's own incremental materialisation, but for a model that nothing can have
    changed: that one is left alone, at the cost of one small query.
-#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {%- if is_current() -%}
        {{ return(leave_alone()) }}
    {%- endif -%}
    {{ return(dbt.materialization_incremental_duckdb()) }}
{%- endmaterialization %}

{% materialization incremental, adapter='postgres' -%}
    {%- if is_current() -%}
        {{ return(leave_alone()) }}
    {%- endif -%}
    {{ return(dbt.materialization_incremental_default()) }}
{%- endmaterialization %}
