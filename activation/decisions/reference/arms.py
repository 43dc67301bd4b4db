"""Checks (5) and (6): who is held out of all marketing, who of one trigger, and which variant the others get.

A unit is assigned once per experiment, in the first run in which an occurrence of it passed (1) to (4). Everything
after reads that assignment; the hash only fills a missing one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from activation.decisions.reference.house import holdout_buckets
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import WITHHELD, Leg
from activation.decisions.reference.policies import arms, bucket, stable_key, weight_epoch
from activation.decisions.reference.records import Assignment
from activation.model import Purpose
from activation.policy import TriggerPolicy
from activation.policy.house import HousePolicy


@dataclass(frozen=True, slots=True)
class Draw:
    """What a unit gets of a trigger."""

    held_out_reason: str | None
    assignment_id: str | None
    variant: str | None


class Arms:
    """The standing assignments of every unit, which the present run completes."""

    def __init__(self, moment: Moment, house: HousePolicy) -> None:
        self._moment, self._house = moment, house
        self._buckets = holdout_buckets(house)
        self._quarter = quarter(moment.as_of)
        self._entered = _series_entries(moment)
        self._arms = _standing(moment)

    def assign(self, legs: Iterable[Leg]) -> None:
        """Assign every unit that has a passed occurrence of marketing and no assignment yet, the earliest first."""
        order = sorted(legs, key=lambda one: (one.occurrence.eligible_at, one.occurrence.occurrence_id))
        marketed = [one for one in order if self._policy(one).purpose is Purpose.MARKETING]
        for leg in marketed:
            self._assign_globally(leg)
        for leg in marketed:
            if self._policy(leg).experiment and not self._held_out(leg):
                self._assign_arm(leg)

    def draw(self, leg: Leg) -> Draw:
        """Held out of everything, of the trigger, or treated with a variant. Only marketing is ever held out."""
        policy = self._policy(leg)
        if policy.purpose is not Purpose.MARKETING:
            return Draw(None, None, None)
        everywhere = self._held_out(leg)
        if everywhere:
            return Draw("held_out_global", everywhere.assignment_id, None)
        own = self._arms.get((policy.experiment.salt, self._unit(leg))) if policy.experiment else None
        if own is None:
            return Draw(None, None, None)
        return Draw("held_out_trigger" if own.arm == "held_out" else None, own.assignment_id, own.variant)

    def _policy(self, leg: Leg) -> TriggerPolicy:
        return self._moment.policies[leg.occurrence.trigger_id]

    def _unit(self, leg: Leg) -> str:
        return self._moment.unit_of(leg.customer_id)

    def _series_quarter(self, leg: Leg) -> str:
        """A series keeps the quarter in which it entered, so that no later step changes its arm."""
        one = leg.occurrence
        return quarter(self._entered[one.trigger_id, leg.customer_id, one.series_key])

    def _held_out(self, leg: Leg) -> Assignment | None:
        """The assignment by which a unit is held out of all marketing in the quarter of a series, if it is."""
        own = self._arms.get((self._series_quarter(leg), self._unit(leg)))
        return own if self._buckets > 0 and own and own.arm == "held_out" else None

    def _assign_globally(self, leg: Leg) -> None:
        """Every quarter draws anew who is held out of all marketing; one that is over is never drawn late."""
        unit_id, experiment = self._unit(leg), self._quarter
        is_due = self._buckets > 0 and self._series_quarter(leg) == experiment
        if is_due and (experiment, unit_id) not in self._arms:
            place = bucket(f"{self._house.global_holdout_salt}:{experiment}", unit_id)
            arm = "held_out" if place < self._buckets else "treated"
            self._record(leg, experiment, (arm, None), None, str(self._house.global_holdout_share), place)

    def _assign_arm(self, leg: Leg) -> None:
        """The arm in whose range the unit's bucket falls."""
        policy = self._policy(leg)
        salt = policy.experiment.salt if policy.experiment else ""
        if (salt, self._unit(leg)) not in self._arms:
            place = bucket(salt, self._unit(leg))
            arm = next(one for one in arms(policy) if one.bucket_from <= place < one.bucket_to)
            self._record(leg, salt, (arm.arm, arm.variant), policy.id, weight_epoch(policy), place)

    def _record(
        self, leg: Leg, experiment: str, arm: tuple[str, str | None], trigger_id: str | None, epoch: str, place: int
    ) -> None:
        entry, unit_id = leg.occurrence.occurrence_id, self._unit(leg)
        made = Assignment(
            assignment_id=stable_key(experiment, unit_id, entry),
            experiment_id=experiment,
            unit_id=unit_id,
            arm=arm[0],
            variant=arm[1],
            entry_occurrence_id=entry,
            trigger_id=trigger_id,
            weight_epoch=epoch,
            bucket=place,
            run_id=self._moment.run_id,
            assigned_at=self._moment.as_of,
        )
        self._moment.records.assignments[made.assignment_id] = made
        self._arms[experiment, unit_id] = made


def quarter(instant: datetime) -> str:
    """The global experiment of a quarter, by UTC."""
    return f"global:{instant.year}q{(instant.month + 2) // 3}"


def _series_entries(moment: Moment) -> dict[tuple[str, str, str], datetime]:
    """When each series of a customer who is left first entered."""
    found: dict[tuple[str, str, str], datetime] = {}
    for entry in moment.records.entries.values():
        key = entry.trigger_id, moment.survivor(entry.customer_id), entry.series_key
        found[key] = min(entry.entered_at, found.get(key, entry.entered_at))
    return found


def _standing(moment: Moment) -> dict[tuple[str, str], Assignment]:
    """The assignment that counts of each experiment and unit of today: after a merge, the earlier one."""
    records = moment.records
    valid = [one for one in records.assignments.values() if one.assignment_id not in records.voids]
    found: dict[tuple[str, str], Assignment] = {}
    for one in sorted(valid, key=lambda each: (each.assigned_at, each.assignment_id)):
        found.setdefault((one.experiment_id, moment.unit_of(one.unit_id)), one)
    return found


def void(moment: Moment) -> None:
    """What a run drew of a trigger that was withheld until all of it ended is void in both arms.

    The treated were never treated, so the held out are nobody's control.
    """
    draws: dict[tuple[str, int, datetime], list[Assignment]] = defaultdict(list)
    for one in moment.records.assignments.values():
        if one.trigger_id is not None:
            draws[one.trigger_id, one.run_id, one.assigned_at].append(one)
    treated = _treated(moment)
    for drawn in draws.values():
        meant = [one for one in drawn if one.arm == "treated"]
        is_treated = any(one.assignment_id in treated or one.entry_occurrence_id in treated for one in meant)
        if meant and not is_treated and all(was_withheld(one.entry_occurrence_id, moment) for one in meant):
            for one in drawn:
                moment.records.voids.setdefault(one.assignment_id, "withheld")


def _treated(moment: Moment) -> set[str | None]:
    """The assignments and the occurrences of which a standing run sent something."""
    sent = [
        one
        for decisions in moment.records.decisions.values()
        for one in decisions
        if one.verdict == "send" and one.run_id in moment.standing_runs
    ]
    return {name for one in sent for name in (one.assignment_id, one.occurrence_id)}


def was_withheld(occurrence_id: str, moment: Moment) -> bool:
    """Whatever ended an occurrence, it waited for somebody of ours until then."""
    for key in moment.legs_decided(occurrence_id):
        decisions = sorted(moment.records.decisions[key], key=lambda one: (one.decided_at, one.run_id))
        for before, after in zip([None, *decisions], decisions, strict=False):
            is_end = after.is_final and before is not None and before.verdict in WITHHELD
            if is_end or after.reason in ("expired_withheld", "stale"):
                return True
    return False
