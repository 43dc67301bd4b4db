{#-
    Whether a month began, or a load changed one, since the model was last built
    that follows the months: its rows may be others of customers to whom nothing
    happened. So they may when nobody knows which months it was built with.
-#}
{% macro months_moved() -%}
    {%- if not execute or not this
        or not config.get('meta', {}).get('follows_months') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set found = run_query(
        "select count(*) from " ~ months() ~ " as own inner join ("
        ~ "select min(valid_from) as valid_from, min(load_id) as load_id from "
        ~ months() ~ " where model in ('"
        ~ parent_models(model) | join("', '") ~ "')) as parents"
        ~ " on own.valid_from = parents.valid_from"
        ~ " and own.load_id = parents.load_id"
        ~ " where own.model = '" ~ this.identifier ~ "'"
    ) -%}
    {{ return(found.rows[0][0] == 0) }}
{%- endmacro %}
