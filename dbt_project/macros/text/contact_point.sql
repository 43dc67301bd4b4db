{#-
    An address in the one form that keys, caps and suppressions compare. A push
    token is case-sensitive, so only e-mail addresses are lowered.
-#}
{% macro contact_point(channel, address) -%}
    case
        when {{ channel }} = 'email' then {{ lowered(trimmed(address)) }}
        when {{ channel }} = 'sms' then
            case
                when {{ keep_characters(address, '0-9+') }} like '00%'
                    then '+' || substr(
                        {{ keep_characters(address, '0-9+') }}, 3
                    )
                else {{ keep_characters(address, '0-9+') }}
            end
        else {{ trimmed(address) }}
    end
{%- endmacro %}
