{#-
    The hex md5 of the compact JSON array of the expressions as strings: an
    occurrence's id is that of [environment, brand, trigger id, version,
    occurrence key], a message's key adds channel and normalised contact point.
    Null in any part gives null, which a never_null test then finds.
-#}
{% macro stable_key(expressions) -%}
    {%- set parts = [] -%}
    {%- for expression in expressions -%}
        {%- do parts.append(json_string(expression)) -%}
    {%- endfor -%}
    {{ return(md5_hex("'[' || " ~ parts | join(" || ',' || ") ~ " || ']'")) }}
{%- endmacro %}
