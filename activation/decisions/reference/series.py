"""Check (4): the order of steps and re-entry, counted on entries, never on sends."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import Leg
from activation.decisions.reference.records import Entry
from activation.policy import TriggerPolicy


def series_reasons(legs: Iterable[Leg], moment: Moment) -> dict[str, str]:
    """Why occurrences that passed (1) to (3) and never entered wait or end, by occurrence."""
    entries = _entries(moment)
    reasons: dict[str, str] = {}
    starting: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for leg in legs:
        one = leg.occurrence
        if one.occurrence_id in moment.records.entries:
            continue
        policy = moment.policies[one.trigger_id]
        earlier = entries[one.trigger_id, leg.customer_id]
        reason = waits(leg, policy, earlier, moment) or reenters(leg, policy, earlier, moment)
        if reason:
            reasons[one.occurrence_id] = reason
        elif policy.reentry and not _has_entered(leg, earlier):
            starting[one.trigger_id, leg.customer_id].append(leg)
    for group in starting.values():
        reasons |= rivals(group)
    return reasons


def waits(leg: Leg, policy: TriggerPolicy, earlier: list[Entry], moment: Moment) -> str | None:
    """A later step waits until the step before entered in an earlier run, and `min_gap` ago."""
    one = leg.occurrence
    if one.step == 1 or policy.after_step == "none":
        return None
    before = [each for each in earlier if each.series_key == one.series_key and each.step == one.step - 1]
    latest = max((each.entered_at for each in before), default=None)
    gap = policy.min_gap or timedelta(0)
    if latest is not None and latest < moment.as_of and latest + gap <= moment.as_of:
        return None
    return "waits_for_step"


def reenters(leg: Leg, policy: TriggerPolicy, earlier: list[Entry], moment: Moment) -> str | None:
    """A new series of the same customer ends at once while another entered less than `reentry` ago."""
    if policy.reentry is None or _has_entered(leg, earlier):
        return None
    others = [each.entered_at for each in earlier if each.series_key != leg.occurrence.series_key]
    return "reentry" if others and max(others) + policy.reentry > moment.as_of else None


def rivals(group: list[Leg]) -> dict[str, str]:
    """Of several series of one customer that would start at once, the earliest does."""
    order = sorted(group, key=lambda leg: (leg.occurrence.eligible_at, leg.occurrence.occurrence_id))
    first = order[0].occurrence.series_key
    return {leg.occurrence.occurrence_id: "reentry" for leg in order if leg.occurrence.series_key != first}


def _has_entered(leg: Leg, earlier: list[Entry]) -> bool:
    return any(each.series_key == leg.occurrence.series_key for each in earlier)


def _entries(moment: Moment) -> dict[tuple[str, str], list[Entry]]:
    """The entries of each trigger and customer who is left."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in moment.records.entries.values():
        found[entry.trigger_id, moment.survivor(entry.customer_id)].append(entry)
    return found
