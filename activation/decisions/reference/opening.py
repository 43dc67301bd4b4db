"""What became of earlier sends, and which legs of which occurrences are open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from activation.decisions.reference.moment import SETTLED_WITHOUT, Moment
from activation.decisions.reference.records import Decision, Key, Occurrence

WITHHELD = ("paused", "blocked_by_quality", "over_volume", "awaiting_approval")
REOPENING = (*SETTLED_WITHOUT, "lapsed", "abandoned")


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of an occurrence that is to be judged, with what was said of it before."""

    occurrence: Occurrence
    leg: str
    customer_id: str
    last: Decision | None
    is_reopened: bool
    withheld_since: datetime | None

    @property
    def key(self) -> Key:
        """What decisions are kept by."""
        return self.occurrence.occurrence_id, self.leg


def outcome(send: Decision, moment: Moment) -> str:
    """What became of a send: the ledger's word on its carrier; else what must have happened."""
    delivery = moment.by_decision.get(send.carrier_decision_id or send.decision_id)
    if delivery is not None:
        if delivery.state in SETTLED_WITHOUT:
            return delivery.state
        return "reserved" if delivery.state == "planned" else "sent"
    if send.run_id not in moment.standing_runs:
        return "abandoned"
    copied_at, latest = moment.facts.copied_at, send.send_not_after
    is_lapsed = copied_at is not None and latest is not None and latest < copied_at
    return "lapsed" if is_lapsed else "reserved"


def sends(moment: Moment) -> Iterator[tuple[Decision, str]]:
    """Every leg whose standing verdict is to send, with what became of it."""
    for key in moment.records.decisions:
        last = moment.records.last(key)
        if last and last.verdict == "send":
            yield last, outcome(last, moment)


def open_legs(moment: Moment) -> Iterator[Leg]:
    """The legs on which no final word was said, and those whose last word came to nothing."""
    for occurrence in moment.records.occurrences.values():
        for leg in legs_of(occurrence, moment):
            last = moment.records.last((occurrence.occurrence_id, leg))
            is_reopened = last is not None and _is_reopened(last, moment)
            is_closed = last is not None and (last.is_final or last.verdict == "send")
            if is_reopened or not is_closed:
                decisions = moment.records.decisions.get((occurrence.occurrence_id, leg))
                since = _withheld_since(decisions) if decisions else occurrence.withheld_since
                customer = moment.survivor(occurrence.customer_id)
                yield Leg(occurrence, leg, customer, last, is_reopened, since)


def legs_of(occurrence: Occurrence, moment: Moment) -> list[str]:
    """One leg without a name for the first channel that reaches; one leg per channel where all are to be used.

    What was decided once keeps the legs of that time, whatever the policy says now.
    """
    decided = [leg for _, leg in moment.legs_decided(occurrence.occurrence_id)]
    policy = moment.policies.get(occurrence.trigger_id)
    if decided or policy is None or policy.channels.mode == "first":
        return decided or [""]
    return [str(channel) for channel in policy.channels.names]


def _is_reopened(last: Decision, moment: Moment) -> bool:
    """A send that came to nothing, or a loss to a message that was never handed over."""
    if last.verdict == "send":
        return outcome(last, moment) in REOPENING
    return last.verdict in ("capped", "outranked_dropped") and last.run_id not in moment.standing_runs


def _withheld_since(decisions: list[Decision]) -> datetime | None:
    """When the present unbroken run of withheld verdicts began."""
    since = None
    for decision in sorted(decisions, key=lambda one: (one.decided_at, one.run_id), reverse=True):
        if decision.verdict not in WITHHELD:
            break
        since = decision.decided_at
    return since
