{#-
    Every reason that a decision may give: its verdict, whether it is final, and
    what it means. Reasons that are not final are tried again until expiry.
-#}
{% macro decision_reasons() -%}
    {%- set rows = [] -%}
    {%- for reason, verdict, is_final, description in [
        ('chosen', 'send', false,
            'It goes out; closed until the ledger shows it returned or'
            ~ ' rejected or failed or lapsed'),
        ('before_live', 'before_live', true,
            'It was due before its trigger was launched'),
        ('trigger_gone', 'cancelled', true,
            'Its trigger or that version of it no longer exists'),
        ('expired', 'expired', true,
            'It was no use any more before it could go out'),
        ('expired_withheld', 'expired', true,
            'It ended while its trigger was paused or blocked or over'
            ~ ' its volume'),
        ('trigger_disabled', 'paused', false,
            'The policy says enabled: false'),
        ('not_launched', 'paused', false,
            'The trigger has not been launched yet'),
        ('scope_paused', 'paused', false,
            'Somebody paused everything or this trigger or this brand'),
        ('channel_paused', 'paused', false,
            'Somebody paused the channel'),
        ('scope_blocked', 'blocked_by_quality', false,
            'A gate blocks everything or this trigger or brand or country'),
        ('channel_blocked', 'blocked_by_quality', false,
            'A gate blocks the channel'),
        ('cancelled', 'cancelled', true,
            'Its reason went away'),
        ('already_sent', 'already_sent', true,
            'The ledger shows a message of it that went out'),
        ('customer_deleted', 'ineligible', false,
            'The customer was deleted'),
        ('under_age', 'ineligible', false,
            'The customer is too young for marketing'),
        ('objected', 'ineligible', false,
            'The customer objected to marketing at this contact point'),
        ('never_granted', 'no_consent', false,
            'No consent was ever given for this contact point'),
        ('consent_withdrawn', 'no_consent', false,
            'The consent was withdrawn'),
        ('not_confirmed', 'no_consent', false,
            'The consent was given and never confirmed'),
        ('suppressed_all', 'suppressed', false,
            'The contact point takes no messages at all'),
        ('suppressed_marketing', 'suppressed', false,
            'The contact point takes no marketing'),
        ('no_contact_point', 'unreachable', false,
            'The customer has no contact point on the channels of the trigger'),
        ('invalid_contact_point', 'unreachable', false,
            'The contact point cannot be one of its channel'),
        ('rejected_contact_point', 'unreachable', false,
            'The destination definitely rejected this message at this'
            ~ ' contact point'),
        ('waits_for_step', 'waits_for_step', false,
            'The step before has not entered long enough ago'),
        ('reentry', 'reentry', true,
            'Another series of the trigger entered too short a time ago'),
        ('held_out_global', 'held_out_global', true,
            'The unit is held out of all marketing this quarter'),
        ('held_out_trigger', 'held_out_trigger', true,
            'The unit is held out of this trigger'),
        ('cap_reached', 'deferred_cap', false,
            'Earlier messages used the cap up'),
        ('cap_reached_dropped', 'capped', true,
            'Earlier messages used the cap up and the policy drops'),
        ('outranked', 'outranked', false,
            'The cap went to others of this run'),
        ('outranked_dropped', 'outranked_dropped', true,
            'The cap went to others of this run and the policy drops'),
        ('over_volume', 'over_volume', false,
            'The trigger had more messages than its max_volume; all of'
            ~ ' them wait'),
    ] -%}
        {%- do rows.append({
            'reason': reason, 'verdict': verdict, 'is_final': is_final,
            'description': description,
        }) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}
