{#-
    Where a unit falls in an experiment: the first 8 hex digits of
    md5(salt || '|' || unit_id), modulo 10,000.
-#}
{% macro bucket(salt, unit_id) -%}
    {{ return(
        "mod(" ~ hex_number(
            "substr(" ~ md5_hex(salt ~ " || '|' || " ~ unit_id) ~ ", 1, 8)"
        ) ~ ", 10000)"
    ) }}
{%- endmacro %}
