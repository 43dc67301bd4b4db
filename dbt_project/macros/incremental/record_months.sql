{#-
    The post-hook of models that make months, and of those that follow them, by
    `meta: follows_months`: the last month that there was, and the last load that
    moved one; of what follows, the least that its parents have. It stands before
    `record_watermark`, since it asks what the model had not taken in before. A
    build that was shown no rows, or a sample, has none.
-#}
{% macro record_months() -%}
    {%- set meta = model.config.meta -%}
    {%- set makes = meta.get('changes') == 'int_changed_vintages' -%}
    {%- if execute and (makes or meta.get('follows_months')) -%}
        {%- set before = run_query(
            "select max(load_id) from " ~ months()
            ~ " where model = '" ~ this.identifier ~ "'"
        ).rows[0][0] -%}
        delete from {{ months() }} where model = '{{ this.identifier }}';
        {% if not (flags.EMPTY or flags.SAMPLE) -%}
        insert into {{ months() }} (model, valid_from, load_id)
        {% if not makes -%}
            select
                '{{ this.identifier }}',
                min(valid_from),
                min(load_id)
            from {{ months() }}
            where model in ('{{ parent_models(model) | join("', '") }}')
        {%- elif before is not none and is_incremental()
            and not has_news(ref('int_changed_vintages')) -%}
            select '{{ this.identifier }}', max(valid_from), {{ before }}
            from {{ ref('int_vintages') }}
        {%- else -%}
            select '{{ this.identifier }}', max(valid_from), (
                select min(load_id)
                from (
                    {{ watermark_claims(model) | join('\n union all ') }}
                ) as claims
            )
            from {{ ref('int_vintages') }}
        {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
