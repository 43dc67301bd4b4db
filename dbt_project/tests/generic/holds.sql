{#- Rows of which a condition is not true. -#}
{% test holds(model, condition, column_name=none) %}

select *
from {{ model }}
where not coalesce(({{ condition }}), false)

{% endtest %}
