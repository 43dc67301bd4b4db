"""What each verdict means, in words for the report."""

MEANINGS = {
    "send": "decided to send",
    "held_out_global": "held out from all marketing, to measure what it does",
    "held_out_trigger": "held out from this trigger, to measure what it does",
    "already_sent": "this was already sent",
    "cancelled": "the reason went away",
    "expired": "too late to be of use",
    "reentry": "in such a series recently",
    "before_live": "due before the trigger went live",
    "capped": "dropped: enough messages already",
    "outranked_dropped": "dropped: something more important went",
    "dropped_window": "dropped: outside the permitted hours",
    "deferred_quiet_hours": "waits for permitted hours",
    "deferred_send_time": "waits for a better time",
    "deferred_cap": "waits: enough messages already",
    "outranked": "waits: something more important went first",
    "waits_for_step": "waits for the step before it",
    "no_consent": "no consent on any channel",
    "suppressed": "the address must not be written to",
    "unreachable": "no usable address",
    "ineligible": "age, country or objection forbids it",
    "ramp": "waits: the trigger is being ramped up",
    "over_volume": "waits: the trigger is over its volume",
    "paused": "waits: paused",
    "awaiting_approval": "waits for approval",
    "blocked_by_quality": "waits: a quality check failed",
}

STATES = {
    "planned": "planned",
    "claimed": "being sent",
    "accepted": "accepted by the destination",
    "delivered": "delivered",
    "rejected": "refused by the destination",
    "failed": "not sent, tries spent",
    "unknown": "in doubt",
    "returned": "returned to the decision",
    "bounced": "bounced",
}

NEEDS = {
    "in_doubt": "nobody knows whether it left",
    "no_contact_point": "no address on any of its channels",
    "invalid_contact_point": "the address cannot be one",
    "rejected_contact_point": "refused by the destination",
    "suppressed_all": "the address must not be written to",
}

ANSWERS = {
    "": "nobody has answered yet",
    "approve": "approved",
    "refuse": "refused",
}


def meaning(verdict: str) -> str:
    """A verdict in words; one that is not known, as it is."""
    return MEANINGS.get(verdict, verdict.replace("_", " "))
