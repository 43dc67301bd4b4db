"""The plain reference of the contest: who is chosen, who is capped, and by whom, one candidate after the other.

It says in a few lines what the SQL of `act_bids`, `act_rounds` and `act_contest` computes in sets, and a test holds
them equal. A pass is greedy: the candidates in the order of priority (1 is first), `eligible_at`, occurrence and leg;
one that fails a cap does not use it up. Who takes part is decided before: nobody held out, nobody whose hour has not
come.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from activation.model import Purpose

EXEMPT = frozenset({Purpose.TRANSACTIONAL})
Holder = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """What caps look at in a message, be it sent or a candidate; the customer's place counts as it is known today."""

    customer_id: str
    contact_point: str
    channel: str
    brand: str
    purpose: Purpose
    cap_group: str | None = None
    country_code: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Scopes):
    """An occurrence (of a leg) that passed every check before the contest. `eligible_at` is UTC."""

    occurrence_id: str
    trigger_id: str
    priority: int
    eligible_at: datetime
    leg: str = ""
    digest: str | None = None
    drops_on_cap: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.occurrence_id, self.leg

    @property
    def rank(self) -> tuple[int, datetime, str, str]:
        return self.priority, self.eligible_at, *self.key

    @property
    def message(self) -> tuple[str | None, ...]:
        """What candidates share that one message would carry; without a digest each has a message of its own."""
        if self.digest is None:
            return self.key
        return self.customer_id, self.channel, self.contact_point, self.brand, self.purpose, self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage(Scopes):
    """A message that counts: sent, or decided and not yet settled. One message of a digest is one row.

    `days_ago` are local calendar days; `is_concurrent` is what an earlier pass at this very instant chose.
    """

    days_ago: int
    seconds_ago: int
    occurrence_id: str = ""
    trigger_id: str = ""
    is_concurrent: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` messages within `days` local days, today included, or `hours`, or the run at hand.

    `only` narrows it to messages whose scope has that value, such as `{"channel": "sms"}`.
    """

    cap_id: str
    limit: int
    days: int | None = None
    hours: int | None = None
    runs: Literal[1] | None = None
    per: Literal["customer", "contact_point"] = "customer"
    only: Mapping[str, str] = field(default_factory=dict)

    def covers(self, message: Scopes, exempt: Collection[Purpose]) -> bool:
        """Whether a message falls under this cap. An exempt purpose does so only where the cap names it."""
        if "purpose" not in self.only and message.purpose in exempt:
            return False
        return all(getattr(message, scope) == value for scope, value in self.only.items())

    def remembers(self, message: PastMessage) -> bool:
        """Whether a message of the past is young enough to count."""
        if self.days is not None:
            return message.days_ago < self.days
        if self.hours is not None:
            return message.seconds_ago < self.hours * 3600
        return message.is_concurrent

    def holder(self, message: Scopes) -> Holder:
        """Whose count it is, in this cap."""
        return self.cap_id, message.customer_id if self.per == "customer" else message.contact_point


@dataclass(frozen=True, slots=True)
class Result:
    """The reason, as `act_reasons` spells it; the cap that forbade, and the occurrence and trigger that came before.

    `carrier` is the occurrence and leg whose message would carry this one: itself, or the first of its digest.
    """

    reason: str
    carrier: tuple[str, str]
    cap: str | None = None
    outranked_by_occurrence_id: str | None = None
    outranked_by_trigger_id: str | None = None


class Contest:
    """One pass over the candidates of one instant, under the caps in their order."""

    def __init__(self, caps: Sequence[Cap], past: Iterable[PastMessage], exempt: Collection[Purpose] = EXEMPT) -> None:
        self._caps, self._exempt = caps, exempt
        self._before: Counter[Holder] = Counter()
        self._used: Counter[Holder] = Counter()
        self._last: dict[Holder, tuple[str, str]] = {}
        for message in past:
            self._remember(message)

    def run(self, candidates: Iterable[Candidate]) -> dict[tuple[str, str], Result]:
        """The result of every candidate, by occurrence and leg."""
        results: dict[tuple[str, str], Result] = {}
        carried: dict[tuple[str | None, ...], Result] = {}
        for candidate in sorted(candidates, key=lambda one: one.rank):
            if candidate.message not in carried:
                carried[candidate.message] = self._judge(candidate)
            results[candidate.key] = _as_the_policy_says(carried[candidate.message], candidate)
        return results

    def _remember(self, message: PastMessage) -> None:
        for cap in self._caps_of(message):
            if not cap.remembers(message):
                continue
            holder = cap.holder(message)
            self._used[holder] += 1
            if message.is_concurrent:
                # Its place in the order is not known any more: among several the greatest id stands for all.
                taker = (message.occurrence_id, message.trigger_id)
                self._last[holder] = max(self._last.get(holder, taker), taker)
            else:
                self._before[holder] += 1

    def _judge(self, candidate: Candidate) -> Result:
        """What was used up before this run is named first: it holds whoever else takes part."""
        caps = self._caps_of(candidate)
        for cap in caps:
            if self._before[cap.holder(candidate)] >= cap.limit:
                return Result("cap_reached", candidate.key, cap.cap_id)
        for cap in caps:
            if self._used[cap.holder(candidate)] >= cap.limit:
                return Result("outranked", candidate.key, cap.cap_id, *self._last[cap.holder(candidate)])
        for cap in caps:
            self._used[cap.holder(candidate)] += 1
            self._last[cap.holder(candidate)] = (candidate.occurrence_id, candidate.trigger_id)
        return Result("chosen", candidate.key)

    def _caps_of(self, message: Scopes) -> list[Cap]:
        return [cap for cap in self._caps if cap.covers(message, self._exempt)]


def _as_the_policy_says(result: Result, candidate: Candidate) -> Result:
    """All that one message carries share its fate; whether the loss is final each one's own trigger says."""
    if result.reason == "chosen" or not candidate.drops_on_cap:
        return result
    return replace(result, reason=f"{result.reason}_dropped")
