{#- Whether a normalised address can be one of its channel. -#}
{% macro is_contact_point(channel, contact_point) -%}
    coalesce(
        case
            when {{ channel }} = 'email' then {{ matches(
                contact_point,
                '[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+',
            ) }}
            when {{ channel }} = 'sms'
                then {{ matches(contact_point, '[+][1-9][0-9]{6,14}') }}
            else {{ contact_point }} <> ''
        end,
        false
    )
{%- endmacro %}
