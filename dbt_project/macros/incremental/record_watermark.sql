{#-
    The post-hook of every model, inside its transaction: it claims the least of
    what its parents had taken in. A model that no load feeds claims null, which
    bounds no one. A build that was shown no rows (`--empty`) or a sample claims
    nothing, so that the next real run takes everything in.
-#}
{% macro record_watermark() -%}
    {%- if execute -%}
        {%- set claims = watermark_claims(model) -%}
        {%- if model.config.meta.get('keeps_extract') -%}
            delete from {{ watermarks() }}
            where model = '{{ extract(this).identifier }}';
            {% if is_incremental() -%}
                insert into {{ watermarks() }} (model, load_id)
                select '{{ extract(this).identifier }}', load_id
                from {{ watermarks() }}
                where model = '{{ this.identifier }}';
            {%- endif -%}
        {%- endif %}
        delete from {{ watermarks() }} where model = '{{ this.identifier }}';
        insert into {{ watermarks() }} (model, load_id)
        {% if flags.EMPTY or flags.SAMPLE -%}
            select '{{ this.identifier }}', 0
        {%- elif claims -%}
            select '{{ this.identifier }}', min(load_id)
            from (
                {{ claims | join('\n union all ') }}
            ) as claims
        {%- else -%}
            select '{{ this.identifier }}', cast(null as {{ dbt.type_bigint() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
