{#- The first instant (UTC) of the quarter of a global experiment. -#}
{% macro global_quarter(experiment_id) -%}
    cast(
        substr({{ experiment_id }}, 8, 4)
        || case substr({{ experiment_id }}, 13, 1)
            when '1' then '-01-01'
            when '2' then '-04-01'
            when '3' then '-07-01'
            else '-10-01'
        end as {{ dbt.type_timestamp() }}
    )
{%- endmacro %}
