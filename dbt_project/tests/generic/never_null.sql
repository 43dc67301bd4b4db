{#- Rows in which one of the columns is null: one query for all of them. -#}
{% test never_null(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where
    {% for column in columns -%}
    {% if not loop.first %}or {% endif %}{{ column }} is null
    {% endfor %}

{% endtest %}
