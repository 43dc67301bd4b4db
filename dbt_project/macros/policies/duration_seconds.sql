{#- A duration such as 30s, 15m, 4h, 7d or -2d in seconds; none stays none. -#}
{% macro duration_seconds(duration) -%}
    {%- if duration is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set text = duration | string -%}
    {%- set units = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400} -%}
    {%- if not modules.re.match('^-?[0-9]+[smhd]$', text) -%}
        {%- do exceptions.raise_compiler_error(
            "'" ~ text ~ "' is not a duration: write a number and s, m, h or d,"
            ~ ' for example 4h'
        ) -%}
    {%- endif -%}
    {{ return((text[:-1] | int) * units[text[-1]]) }}
{%- endmacro %}
