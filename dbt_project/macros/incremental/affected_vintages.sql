{#-
    The months that a model of vintages has to make: those that a load concerns,
    and any that began since it was last built, or while none had a row to give,
    though nothing else happened. All of them in a first build.
-#}
{% macro affected_vintages() -%}
    select *
    from {{ affected(
        ref('int_vintages'), 'valid_from', ref('int_changed_vintages')
    ) }}
    {%- if this and is_incremental() %}
    union
    select *
    from {{ ref('int_vintages') }}
    where
        valid_from > coalesce(
            (select max(built.valid_from) from {{ this }} as built),
            cast('1900-01-01' as {{ dbt.type_timestamp() }})
        )
    {%- endif %}
{%- endmacro %}
