"""Audiences: a segment's changes are handed to a list at a destination, and what became of each is recorded.

A list is a set: adding twice is adding once. So a change whose fate is unknown is simply handed over again.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from activation.delivery.calls import REASON_LENGTH, Pace
from activation.destinations.base import Destination
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    CredentialsRefusedError,
    DeliveryError,
    DestinationError,
    ThrottledError,
)
from activation.ledger.audiences import HANDED_OVER, MemberRecord, member_states, record_members
from activation.ledger.leases import hold
from activation.ledger.messages import in_chunks
from activation.ledger.store import Ledger
from activation.model import MemberChange, MemberOutcome, MemberState

logger = logging.getLogger(__name__)

NO_ANSWER = "no_answer"
CREDENTIALS_REFUSED = "credentials_refused"


@dataclass
class AudienceReport:
    """What one synchronisation did. `left` changes were not handed over; `trouble` says why the destination took no
    more, empty if nothing did."""

    states: Counter[str] = field(default_factory=Counter)
    known: int = 0
    left: int = 0
    trouble: str = ""


def sync_audience(
    ledger: Ledger,
    destination: Destination,
    changes: Iterable[MemberChange],
    *,
    pace: Pace | None = None,
    sleeper: Callable[[float], None] = time.sleep,
) -> AudienceReport:
    """Hand over member changes, in the order given. Safe to repeat: what was handed over is not handed over again.

    Raises BusyError when another process has the same audience. Trouble with the destination is in the report.
    """
    report = AudienceReport()
    try:
        _open(destination, changes, report)
        for (name, audience), group in groupby(changes, key=lambda change: (change.destination, change.audience_id)):
            with hold(ledger, f"audience:{name}:{audience}"):
                _Sync(ledger, destination, pace or Pace(), sleeper, report).run(group)
    except DestinationError as error:
        report.trouble = _trouble(error)
    finally:
        destination.close()
    return report


def _open(destination: Destination, changes: Iterable[MemberChange], report: AudienceReport) -> None:
    try:
        destination.open()
    except DestinationError:
        report.left = sum(1 for _ in changes)
        raise


def require_synced(report: AudienceReport) -> None:
    """Raise what makes a task red: CredentialsRefusedError or DeliveryError, when the destination took no more."""
    if report.trouble:
        kind = CredentialsRefusedError if report.trouble == CREDENTIALS_REFUSED else DeliveryError
        raise kind(
            f"{report.left} member changes could not be handed over for now ({report.trouble}).",
            "They go with the next synchronisation: mend the destination and repeat.",
        )


class _Sync:
    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        pace: Pace,
        sleeper: Callable[[float], None],
        report: AudienceReport,
    ) -> None:
        self._ledger, self._destination, self._pace = ledger, destination, pace
        self._sleeper, self._report = sleeper, report

    def run(self, changes: Iterable[MemberChange]) -> None:
        for batch in in_chunks(changes, max(1, self._destination.abilities.batch)):
            with self._ledger.read() as connection:
                known = member_states(connection, [change.change_id for change in batch])
            fresh = [change for change in batch if known.get(change.change_id) not in HANDED_OVER]
            self._report.known += len(batch) - len(fresh)
            # After trouble the rest is only counted; the next synchronisation hands it over.
            if self._report.trouble:
                self._report.left += len(fresh)
            elif fresh:
                self._hand_over(fresh)

    def _hand_over(self, changes: Sequence[MemberChange]) -> None:
        self._record([MemberRecord(change, MemberState.WANTED) for change in changes])
        try:
            self._record(self._call(changes))
        except DestinationError as error:
            self._report.trouble = _trouble(error)
            self._report.left += len(changes)
            logger.warning("%d member changes are left: %s", len(changes), self._report.trouble)

    def _call(self, changes: Sequence[MemberChange]) -> list[MemberRecord]:
        for attempt in range(1, self._pace.tries + 1):
            try:
                outcomes = self._destination.sync(changes)
            except BatchRefusedError as error:
                return self._divide(changes, error)
            except CredentialsRefusedError:
                raise
            except DestinationError as error:
                self._wait(error, attempt)
            else:
                return _records(changes, outcomes)
        return []

    def _divide(self, changes: Sequence[MemberChange], error: BatchRefusedError) -> list[MemberRecord]:
        if len(changes) == 1:
            return [MemberRecord(changes[0], MemberState.REFUSED, error.message[:REASON_LENGTH])]
        middle = len(changes) // 2
        return self._call(changes[:middle]) + self._call(changes[middle:])

    def _wait(self, error: DestinationError, attempt: int) -> None:
        wait = self._pace.backoff * 2 ** (attempt - 1)
        if isinstance(error, ThrottledError):
            wait = error.retry_after
        if attempt >= self._pace.tries or wait > self._pace.longest_wait:
            raise error
        self._sleeper(wait)

    def _record(self, records: Sequence[MemberRecord]) -> None:
        now = self._ledger.clock.now()
        with self._ledger.write() as writing:
            record_members(writing, records, now)
        self._report.states.update(record.state.value for record in records if record.state is not MemberState.WANTED)


def _records(changes: Sequence[MemberChange], outcomes: Sequence[MemberOutcome]) -> list[MemberRecord]:
    """What was answered; a change without an answer stays wanted and is handed over again."""
    answers = {outcome.change_id: outcome for outcome in outcomes}
    return [
        MemberRecord(change, answer.state, answer.reason, answer.request_id)
        if (answer := answers.get(change.change_id)) is not None
        else MemberRecord(change, MemberState.WANTED, NO_ANSWER)
        for change in changes
    ]


def _trouble(error: DestinationError) -> str:
    if isinstance(error, CredentialsRefusedError):
        return CREDENTIALS_REFUSED
    if isinstance(error, ThrottledError):
        return "throttled"
    return "answer_lost" if isinstance(error, AnswerLostError) else "unreachable"
