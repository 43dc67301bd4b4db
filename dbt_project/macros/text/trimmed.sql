{#- A text without the spaces around it, those of Unicode included. -#}
{% macro trimmed(expression) -%}
    {{ return(adapter.dispatch('trimmed', 'activation')(expression)) }}
{%- endmacro %}

{% macro default__trimmed(expression) -%}
    {{ return("trim(" ~ expression ~ ")") }}
{%- endmacro %}

{#- PostgreSQL's own trim knows one kind of space. -#}
{% macro postgres__trimmed(expression) -%}
    {{ return(
        "btrim(" ~ expression ~ ", U&' \\00A0\\1680\\2000\\2001\\2002\\2003"
        ~ "\\2004\\2005\\2006\\2007\\2008\\2009\\200A\\202F\\205F\\3000')"
    ) }}
{%- endmacro %}
