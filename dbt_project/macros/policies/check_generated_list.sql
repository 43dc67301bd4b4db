{#-
    Fails when the generated list and the project disagree, so that nothing is
    left out silently.
-#}
{% macro check_generated_list(kind, listed) -%}
    {%- if execute -%}
        {%- set found = policy_nodes(kind) | map(attribute='model') | list -%}
        {%- set missing = found | reject('in', listed) | list -%}
        {%- set surplus = listed | reject('in', found) | list -%}
        {%- if missing or surplus -%}
            {%- do exceptions.raise_compiler_error(
                'macros/generated/' ~ kind ~ '_models.sql'
                ~ (' lacks ' ~ missing | join(', ') if missing else '')
                ~ (' and' if missing and surplus else '')
                ~ (
                    ' lists ' ~ surplus | join(', ')
                    ~ ', which has no meta: ' ~ kind if surplus else ''
                )
                ~ '. Run `activation trigger list`, which refreshes it.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
