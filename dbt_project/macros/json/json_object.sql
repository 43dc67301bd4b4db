{#- A JSON object of {key: expression}, its keys sorted. -#}
{% macro json_object(fields) -%}
    {{ return(adapter.dispatch('json_object', 'activation')(fields)) }}
{%- endmacro %}

{% macro default__json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for key in fields | sort -%}
        {%- do pairs.append("'" ~ key ~ "', " ~ fields[key]) -%}
    {%- endfor -%}
    {{ return("json_object(" ~ pairs | join(", ") ~ ")") }}
{%- endmacro %}

{#- Put together as text, since what PostgreSQL builds has spaces in it. -#}
{% macro postgres__json_object(fields) -%}
    {%- set pairs = [] -%}
    {%- for key in fields | sort -%}
        {%- set expression = fields[key] | string -%}
        {%- if modules.re.match("^'[^']*'$", expression) -%}
            {%- set expression = "cast(" ~ expression ~ " as text)" -%}
        {%- endif -%}
        {%- do pairs.append(
            "'\"" ~ key ~ "\":' || coalesce(cast(to_json(" ~ expression
            ~ ") as text), 'null')"
        ) -%}
    {%- endfor -%}
    {{ return("cast('{' || " ~ pairs | join(" || ',' || ") ~ " || '}' as json)") }}
{%- endmacro %}
