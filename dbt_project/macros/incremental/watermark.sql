{#- A scalar subquery: the last load that the model being built has taken in. -#}
{% macro watermark() -%}
    {{ return(
        "(select coalesce(max(load_id), 0) from " ~ watermarks()
        ~ " where model = '" ~ this.identifier ~ "')"
    ) }}
{%- endmacro %}
