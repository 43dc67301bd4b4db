{#- Rows whose time zone the warehouse does not know: with one every run fails. -#}
{% test is_timezone(model, column_name) %}

select {{ column_name }}
from {{ model }}
where not coalesce({{ is_timezone(column_name) }}, false)

{% endtest %}
