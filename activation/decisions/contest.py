"""The plain reference of the contest: who is held out, who is capped, who is chosen, one candidate after the other.

It says in a few lines what the SQL of `act_contest` computes in sets, and a test holds the two equal. A pass is greedy:
the candidates in the order of priority (highest first), `eligible_at`, occurrence; one that fails a cap does not use it
up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from activation.model import Purpose


@dataclass(frozen=True, slots=True)
class Candidate:
    """An occurrence that passed every check before the contest. `eligible_at` is UTC."""

    occurrence_id: str
    unit_id: str
    trigger_id: str
    eligible_at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What a trigger's policy says of the contest."""

    purpose: Purpose
    priority: int
    drops_on_cap: bool = False
    max_volume: int | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` messages of a purpose to a unit within `days` local days, today included."""

    cap_id: str
    purpose: Purpose
    days: int
    limit: int


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message that counts: sent, or decided and not yet settled, `days_ago` local days ago."""

    unit_id: str
    purpose: Purpose
    days_ago: int


@dataclass(frozen=True, slots=True)
class Result:
    """The reason, as `act_reasons` spells it, and the occurrence that won instead."""

    reason: str
    winner: str | None = None


class Contest:
    """One pass over the candidates of one instant.

    `held_out` has (unit, trigger) pairs, with the trigger None for the global holdout.
    """

    def __init__(
        self,
        rules: Mapping[str, Rules],
        caps: Sequence[Cap],
        held_out: Set[tuple[str, str | None]],
        past: Iterable[PastMessage],
    ) -> None:
        self._rules, self._caps, self._held_out = rules, caps, held_out
        self._before: Counter[tuple[str, str]] = Counter()
        for message in past:
            for cap in self._caps_of(message.purpose):
                if message.days_ago < cap.days:
                    self._before[message.unit_id, cap.cap_id] += 1
        self._now = Counter(self._before)
        self._chosen: dict[tuple[str, Purpose], list[str]] = defaultdict(list)

    def run(self, candidates: Iterable[Candidate]) -> dict[str, Result]:
        """The result of every candidate, by occurrence."""
        order = sorted(
            candidates,
            key=lambda one: (-self._rules[one.trigger_id].priority, one.eligible_at, one.occurrence_id),
        )
        results = {candidate.occurrence_id: self._judge(candidate) for candidate in order}
        volumes = Counter(one.trigger_id for one in order if results[one.occurrence_id].reason == "chosen")
        for candidate in order:
            limit = self._rules[candidate.trigger_id].max_volume
            is_chosen = results[candidate.occurrence_id].reason == "chosen"
            if is_chosen and limit is not None and volumes[candidate.trigger_id] > limit:
                results[candidate.occurrence_id] = Result("over_volume")
        return results

    def _judge(self, candidate: Candidate) -> Result:
        rules = self._rules[candidate.trigger_id]
        if rules.purpose is Purpose.MARKETING:
            if (candidate.unit_id, None) in self._held_out:
                return Result("held_out_global")
            if (candidate.unit_id, candidate.trigger_id) in self._held_out:
                return Result("held_out_trigger")
        caps = self._caps_of(rules.purpose)
        chosen = self._chosen[candidate.unit_id, rules.purpose]
        if all(self._now[candidate.unit_id, cap.cap_id] < cap.limit for cap in caps):
            self._now.update((candidate.unit_id, cap.cap_id) for cap in caps)
            chosen.append(candidate.occurrence_id)
            return Result("chosen")
        if any(self._before[candidate.unit_id, cap.cap_id] >= cap.limit for cap in caps):
            return Result("cap_reached_dropped" if rules.drops_on_cap else "cap_reached")
        return Result("outranked_dropped" if rules.drops_on_cap else "outranked", chosen[-1])

    def _caps_of(self, purpose: Purpose) -> list[Cap]:
        return [cap for cap in self._caps if cap.purpose is purpose]
