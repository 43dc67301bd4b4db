{#-
    One number divided by another, as a floating number; null by zero. A bare
    slash gives a whole number here, an exact one of any length there.
-#}
{% macro quotient(numerator, denominator) -%}
    {{ return(
        adapter.dispatch('quotient', 'activation')(numerator, denominator)
    ) }}
{%- endmacro %}

{% macro default__quotient(numerator, denominator) -%}
    {{ return(
        "(cast(" ~ numerator ~ " as double precision) / nullif(cast("
        ~ denominator ~ " as double precision), 0))"
    ) }}
{%- endmacro %}

{% macro bigquery__quotient(numerator, denominator) -%}
    {{ return("safe_divide(" ~ numerator ~ ", " ~ denominator ~ ")") }}
{%- endmacro %}

{% macro spark__quotient(numerator, denominator) -%}
    {{ return(
        "(cast(" ~ numerator ~ " as double) / nullif(cast(" ~ denominator
        ~ " as double), 0))"
    ) }}
{%- endmacro %}
