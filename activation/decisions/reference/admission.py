"""Which occurrences there are: due, of a launched version, known in time; kept as first seen."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from activation.decisions.calendar import FAR_FUTURE, LOOKS_AHEAD, Closure
from activation.decisions.reference.facts import TriggerRow
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.policies import send_window, stable_key
from activation.decisions.reference.records import Occurrence
from activation.policy import TriggerPolicy


def launch(moment: Moment) -> None:
    """A version of a trigger is launched in the first run that finds it enabled: then, or when its policy says."""
    for policy in moment.policies.values():
        key = policy.id, policy.version
        if policy.enabled and key not in moment.records.launches:
            moment.records.launches[key] = launched_at(policy, moment.as_of)


def launched_at(policy: TriggerPolicy, as_of: datetime) -> datetime:
    """`live_from` as an instant; an offset counts from the first live run."""
    if isinstance(policy.live_from, datetime):
        return policy.live_from.replace(tzinfo=None)
    return as_of + (policy.live_from or timedelta(0))


def admit(moment: Moment, environment: str, lead: timedelta) -> None:
    """Every due row enters once; later runs may only cancel it."""
    keyed = {}
    due = []
    for row in moment.facts.triggered:
        policy = moment.policies.get(row.trigger_id)
        if policy and (row.eligible_at <= moment.as_of or _is_ahead(row, policy, moment)):
            one = _occurrence(row, policy, environment, moment)
            keyed[one.occurrence_id] = one
            if row.eligible_at <= moment.as_of or is_brought_forward(row, policy, moment, lead):
                due.append(one)
    seen = moment.records.occurrences
    looks = _looks(moment)
    withdrawn = [one for one in seen.values() if _is_withdrawn(one, keyed.get(one.occurrence_id), moment)]
    for one in due:
        if moment.is_stopped("blocked", "all", f"trigger:{one.trigger_id}"):
            continue
        known = seen.get(one.occurrence_id)
        if known is None and not _is_hindsight(one, moment, looks):
            seen[one.occurrence_id] = one
        elif known and known.cancelled_at is None and one.cancelled_at and _is_same_customer(known, one, moment):
            seen[one.occurrence_id] = replace(known, cancelled_at=one.cancelled_at)
    for one in withdrawn:
        seen[one.occurrence_id] = replace(seen[one.occurrence_id], cancelled_at=moment.as_of)


def _is_ahead(row: TriggerRow, policy: TriggerPolicy, moment: Moment) -> bool:
    """What is yet to come of a trigger whose messages may go early."""
    return policy.quiet_hours == "advance" and row.eligible_at <= moment.as_of + LOOKS_AHEAD


def is_brought_forward(row: TriggerRow, policy: TriggerPolicy, moment: Moment, lead: timedelta) -> bool:
    """What would fall into the next closed hours on its first channel is due in the last hours before them."""
    if policy.quiet_hours != "advance":
        return False
    channel, place = str(policy.channels.names[0]), moment.place(row.customer_id)
    where = (send_window(policy), channel, str(policy.purpose), policy.brand, place)
    present = moment.calendar.stretch(*where, moment.as_of)
    if isinstance(present, Closure) or present.closes_at - lead > moment.as_of:
        return False
    closed = moment.calendar.stretch(*where, present.closes_at)
    reopens_at = closed.next_opens_at if isinstance(closed, Closure) else present.closes_at
    return present.closes_at <= row.eligible_at < (reopens_at or FAR_FUTURE)


def _occurrence(row: TriggerRow, policy: TriggerPolicy, environment: str, moment: Moment) -> Occurrence:
    # What was not known yet has not happened yet.
    is_cancelled = row.cancelled_at is not None and row.cancelled_at <= moment.as_of
    return Occurrence(
        occurrence_id=stable_key(environment, policy.brand, policy.id, str(policy.version), row.occurrence_key),
        brand=policy.brand,
        trigger_id=policy.id,
        trigger_version=policy.version,
        customer_id=row.customer_id,
        occurrence_key=row.occurrence_key,
        series_key=row.series_key,
        step=row.step,
        eligible_at=row.eligible_at,
        expires_at=row.expires_at,
        cancelled_at=row.cancelled_at if is_cancelled else None,
        withheld_since=withheld_since(row, moment),
        first_seen_at=moment.as_of,
    )


def withheld_since(row: TriggerRow, moment: Moment) -> datetime | None:
    """Since when a gate that is lifted by now kept out what was due."""
    waits = [
        max(row.eligible_at, block.created_at)
        for block in moment.facts.blocks
        if block.scope in ("all", f"trigger:{row.trigger_id}")
        and block.created_at <= moment.as_of
        and block.until is not None
        and row.eligible_at < block.until
    ]
    return min(waits, default=None) if row.expires_at > moment.as_of else None


def _looks(moment: Moment) -> dict[tuple[str, int], set[datetime]]:
    """When earlier runs looked at a version of a trigger and found something new."""
    looks: dict[tuple[str, int], set[datetime]] = defaultdict(set)
    for one in moment.records.occurrences.values():
        looks[one.trigger_id, one.trigger_version].add(one.first_seen_at)
    return looks


def _is_hindsight(one: Occurrence, moment: Moment, looks: dict[tuple[str, int], set[datetime]]) -> bool:
    """What only a merge makes true, before it was known, is no reason to write."""
    merges = [merge.known_at for merge in moment.facts.merges if merge.survivor_id == one.customer_id]
    return any(
        one.eligible_at <= look < known_at
        for look in looks.get((one.trigger_id, one.trigger_version), ())
        for known_at in merges
    )


def _is_same_customer(known: Occurrence, one: Occurrence, moment: Moment) -> bool:
    return moment.survivor(known.customer_id) == one.customer_id


def _is_withdrawn(known: Occurrence, one: Occurrence | None, moment: Moment) -> bool:
    """What its trigger says of somebody else now has lost its reason.

    So has what it says no more, of customers who were merged, parted or found to be a crowd, and of what was brought
    forward and did not come true.
    """
    policy = moment.policies.get(known.trigger_id)
    if policy is None or policy.version != known.trigger_version:
        return False
    if known.cancelled_at is not None or known.expires_at <= moment.as_of:
        return False
    if one is not None:
        return not _is_same_customer(known, one, moment)
    return known.customer_id in moment.moved or known.first_seen_at < known.eligible_at
