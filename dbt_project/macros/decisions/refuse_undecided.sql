{#-
    The contest's post-hook: it stops the run where the rounds were too few for
    somebody, before anything is written that messages rest on.
-#}
{% macro refuse_undecided() -%}
    {%- if execute and not (flags.EMPTY or flags.SAMPLE) -%}
        {%- set undecided = run_query(
            "select count(*) from " ~ this ~ " where reason like 'undecided%'"
        ).rows[0][0] -%}
        {%- if undecided -%}
            {%- do exceptions.raise_compiler_error(
                'After ' ~ var('contest_rounds') ~ ' rounds the contest has not '
                ~ 'decided about ' ~ undecided ~ ' messages. Raise the variable '
                ~ 'contest_rounds and run again; nothing was decided.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
