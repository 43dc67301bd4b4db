"""What a decision writes, append-only: launches, occurrences, entries, assignments, voids, decisions."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A trigger's row as it was first seen; only `cancelled_at` may be set later."""

    occurrence_id: str
    brand: str
    trigger_id: str
    trigger_version: int
    customer_id: str
    occurrence_key: str
    series_key: str
    step: int
    eligible_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None
    withheld_since: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An occurrence passed the checks (1) to (4) for the first time."""

    occurrence_id: str
    trigger_id: str
    customer_id: str
    unit_id: str
    series_key: str
    step: int
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arm of a unit in an experiment. `trigger_id` is None for the global holdout."""

    assignment_id: str
    experiment_id: str
    unit_id: str
    arm: str
    variant: str | None
    entry_occurrence_id: str
    trigger_id: str | None
    weight_epoch: str
    bucket: int
    run_id: int
    assigned_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on one leg of an occurrence, recorded since it or its reason changed."""

    decision_id: str
    occurrence_id: str
    leg: str
    trigger_id: str
    customer_id: str
    unit_id: str
    verdict: str
    reason: str
    is_final: bool
    run_id: int
    decided_at: datetime
    brand: str = "default"
    channel: str | None = None
    contact_point_id: str | None = None
    address: str | None = None
    template: str | None = None
    variant: str | None = None
    assignment_id: str | None = None
    sender: str | None = None
    subject: str | None = None
    offer: str | None = None
    digest: str | None = None
    cap: str | None = None
    outranked_by_occurrence_id: str | None = None
    outranked_by_trigger_id: str | None = None
    carrier_decision_id: str | None = None
    plan_digest: str | None = None
    send_not_before: datetime | None = None
    send_not_after: datetime | None = None


Key = tuple[str, str]


@dataclass(slots=True)
class Records:
    """Everything that earlier runs left; a run adds to it and changes nothing else."""

    launches: dict[tuple[str, int], datetime] = field(default_factory=dict)
    occurrences: dict[str, Occurrence] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    voids: dict[str, str] = field(default_factory=dict)
    decisions: dict[Key, list[Decision]] = field(default_factory=lambda: defaultdict(list))

    def last(self, key: Key) -> Decision | None:
        """The standing decision on a leg."""
        decisions = self.decisions.get(key)
        return max(decisions, key=lambda one: (one.decided_at, one.run_id)) if decisions else None
