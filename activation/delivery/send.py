"""The one procedure by which messages leave: claim, render, check again, send, record.

Adapters only translate. What an error of theirs means is decided here and in `calls.py`, by its class.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from activation.delivery.calls import Caller, Pace
from activation.delivery.checks import held_back
from activation.delivery.resend import plan_resends
from activation.delivery.window import MessageRenderer, Window, compose, draft, next_attempts
from activation.destinations.base import Destination
from activation.errors import (
    CredentialsRefusedError,
    DeliveryError,
    DestinationError,
    LedgerError,
    ThrottledError,
)
from activation.ledger.attempts import NewAttempt, append, count_waiting, queue_destination, tail
from activation.ledger.claims import Attempt, Claim, close, take
from activation.ledger.leases import Lease, LeaseLostError, acquire, fence, queue_lease, release, renew
from activation.ledger.outcomes import (
    WINDOW_PASSED,
    Settled,
    expire_waiting,
    in_truth,
    record,
    settle_open_claims,
    with_newer_attempt,
)
from activation.ledger.renderings import keep
from activation.ledger.store import Ledger, Writing
from activation.model import Outcome, State

logger = logging.getLogger(__name__)

STOPPED = "stopped"
LEASE_LOST = "lease_lost"
UNREACHABLE = "unreachable"
THROTTLED = "throttled"
CREDENTIALS_REFUSED = "credentials_refused"


class Stop(Protocol):
    """Something that can be asked to stop, such as a threading.Event set by a signal."""

    def is_set(self) -> bool: ...


class Never:
    """Never asks to stop."""

    def is_set(self) -> bool:
        return False


def no_checkpoint(_name: str) -> None:
    """Tests put something here that ends the process; otherwise nothing happens."""


@dataclass
class SendReport:
    """What one delivery of one queue did.

    `states` counts the outcomes recorded; `put_back` are messages that certainly did not leave and stand planned again;
    `doubtful` names those of which nobody knows; `trouble` says why the destination took no more, empty if nothing did.
    """

    queue: str
    states: Counter[str] = field(default_factory=Counter)
    put_back: int = 0
    settled_for_others: int = 0
    expired: int = 0
    resent: int = 0
    left: int = 0
    doubtful: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def accepted(self) -> int:
        return self.states[State.ACCEPTED.value] + self.states[State.DELIVERED.value]

    def told(self) -> str:
        """The report in one line, for people."""
        counts = {**self.states, "put back": self.put_back, "left": self.left}
        parts = [f"{count} {name}" for name, count in counts.items() if count] or ["nothing to send"]
        return ", ".join(parts) + (f" ({self.trouble})" if self.trouble else "")


class Engine:
    """Delivers the queues of one destination.

    `checkpoint` is called with a name before and after each step that a crash may cut: claim, call, outcome.
    """

    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        renderer: MessageRenderer,
        *,
        pace: Pace | None = None,
        sleeper: Callable[[float], None] = time.sleep,
        stop: Stop | None = None,
        checkpoint: Callable[[str], None] = no_checkpoint,
        holder: str | None = None,
    ) -> None:
        self._ledger, self._destination, self._renderer = ledger, destination, renderer
        self._pace = pace or Pace()
        self._sleeper, self._stop, self._checkpoint = sleeper, stop or Never(), checkpoint
        self._holder = holder

    def deliver(self, queue: str) -> SendReport:
        """Send what waits in a queue. What is put back meanwhile is left for the next delivery.

        Raises BusyError when another worker has the queue. Trouble with the destination does not raise: it is in the
        report (see `require_delivered`).
        """
        length = self._pace.lease_length(self._destination.abilities.timeout)
        lease = acquire(self._ledger, queue_lease(queue), self._holder, length)
        delivery = _Delivery(self._ledger, self._destination, self._renderer, self._pace, queue, lease)
        delivery.sleeper, delivery.stop, delivery.checkpoint = self._sleeper, self._stop, self._checkpoint
        try:
            return delivery.run()
        finally:
            self._destination.close()
            with suppress(LedgerError):
                release(self._ledger, delivery.lease)


def require_delivered(reports: Iterable[SendReport]) -> None:
    """Raise what makes a task red: CredentialsRefusedError or DeliveryError, when a destination took no more."""
    troubled = [report for report in reports if report.trouble not in ("", STOPPED, LEASE_LOST)]
    if not troubled:
        return
    names = ", ".join(sorted({f"{queue_destination(report.queue)} ({report.trouble})" for report in troubled}))
    left = sum(report.left for report in troubled)
    kind = CredentialsRefusedError if any(r.trouble == CREDENTIALS_REFUSED for r in troubled) else DeliveryError
    raise kind(
        f"{left} messages could not be delivered for now: {names}.",
        "They stay planned while their time lasts: mend the destination and deliver again.",
    )


class _Delivery:
    """One delivery of one queue under one lease."""

    sleeper: Callable[[float], None] = staticmethod(time.sleep)
    stop: Stop = Never()
    checkpoint: Callable[[str], None] = staticmethod(no_checkpoint)

    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        renderer: MessageRenderer,
        pace: Pace,
        queue: str,
        lease: Lease,
    ) -> None:
        self._ledger, self._destination, self._renderer = ledger, destination, renderer
        self._pace, self._queue, self.lease = pace, queue, lease
        self._abilities = destination.abilities
        self._batch = max(1, min(self._abilities.batch, self._abilities.window))
        self._length = pace.lease_length(self._abilities.timeout)
        self._report = SendReport(queue)
        self._faults: set[str] = set()

    def run(self) -> SendReport:
        report = self._report
        caller = Caller(self._destination, self._pace, self.sleeper, self._keep_lease)
        try:
            report.settled_for_others = settle_open_claims(self._ledger, self.lease, self._queue)
            report.expired = expire_waiting(self._ledger, self.lease, self._queue)
            report.resent = plan_resends(self._ledger, self.lease, self._queue, self._abilities, self._pace)
            self._send_all(caller)
        except LeaseLostError:
            report.trouble = LEASE_LOST
        except DestinationError as error:
            report.trouble = _trouble(error)
        self._count_left()
        logger.info("queue %s: %s", self._queue, report.told())
        return report

    def _send_all(self, caller: Caller) -> None:
        horizon = self._tail()
        if not next_attempts(self._ledger, self._queue, 1, horizon):
            return
        caller.open()
        while not self.stop.is_set():
            attempts = next_attempts(self._ledger, self._queue, self._abilities.window, horizon)
            if not attempts:
                self._report.trouble = " ".join(sorted(self._faults))
                return
            self._send_window(caller, attempts)
        self._report.trouble = STOPPED

    def _send_window(self, caller: Caller, attempts: list[Attempt]) -> None:
        drafted = draft(self._ledger, self._renderer, attempts, self._ledger.clock.now())
        self.checkpoint("before_claim")
        now = self._ledger.clock.now()
        real_now = self._ledger.clock.lease_now()
        with self._ledger.write() as writing:
            claim = take(writing, self.lease, real_now + self._length, attempts, now)
            stopped = held_back(writing.connection, attempts, now)
            window = compose(drafted, stopped, self._abilities, self._batch)
            keep(writing, window.fresh, real_now)
            record(writing, window.settled, now)
            again = [_repeat(item.attempt, item.attempt.tries) for item in window.settled if item.state is State.FAILED]
            append(writing, again, now)
            if not window.batches:
                close(writing, claim.sequence, now)
        self.lease = Lease(self.lease.name, self.lease.holder, self.lease.epoch, real_now + self._length)
        self._count(window.settled)
        self._report.put_back += len(again)
        self._faults.update(drafted.faults)
        self.checkpoint("after_claim")
        if window.batches:
            self._call_window(caller, claim, window)

    def _call_window(self, caller: Caller, claim: Claim, window: Window) -> None:
        results: dict[str, Outcome] = {}
        trouble = STOPPED
        try:
            for batch in window.batches:
                if self.stop.is_set():
                    break
                self.checkpoint("before_call")
                caller.call(batch, results)
                self.checkpoint("after_call")
        except DestinationError as error:
            trouble = _trouble(error)
            raise
        finally:
            # Whatever went wrong, a fault of ours included: what is known is recorded.
            self.checkpoint("before_outcome")
            self._settle(claim, window.attempts, results, trouble)
            self.checkpoint("after_outcome")

    def _settle(
        self, claim: Claim, attempts: Mapping[str, Attempt], results: Mapping[str, Outcome], trouble: str
    ) -> None:
        now = self._ledger.clock.now()
        with self._ledger.write() as writing:
            try:
                fence(writing, self.lease, self._ledger.clock.lease_now() + self._length)
            except LeaseLostError:
                settled = self._late(writing, attempts, results)
                again: list[NewAttempt] = []
            else:
                settled, again = self._judge(attempts, results, trouble)
                close(writing, claim.sequence, now)
            record(writing, settled, now)
            append(writing, again, now)
        self._count(settled)
        self._report.put_back += len(again)

    def _judge(
        self, attempts: Mapping[str, Attempt], results: Mapping[str, Outcome], trouble: str
    ) -> tuple[list[Settled], list[NewAttempt]]:
        """What is recorded for each attempt, and which messages go back to the queue."""
        now = self._ledger.clock.now()
        settled: list[Settled] = []
        again: list[NewAttempt] = []
        for key, attempt in attempts.items():
            outcome = results.get(key) or Outcome(key, State.FAILED, trouble)
            tries = attempt.tries + (key in results)
            verdict = in_truth(Settled(attempt, outcome.state, outcome.reason, outcome.provider_id))
            if verdict.state is State.FAILED and now >= attempt.message.send_not_after:
                verdict = Settled(attempt, State.RETURNED, WINDOW_PASSED)
            elif verdict.state is State.FAILED and tries <= self._pace.message_tries:
                again.append(_repeat(attempt, tries))
            settled.append(verdict)
        return settled, again

    def _late(self, writing: Writing, attempts: Mapping[str, Attempt], results: Mapping[str, Outcome]) -> list[Settled]:
        """What may still be recorded when the queue is another's: answers, and no repeats. Where the other has already
        begun a newer attempt, only that the message went out."""
        newer = with_newer_attempt(writing, list(attempts.values()))
        return [
            in_truth(Settled(attempts[key], outcome.state, outcome.reason, outcome.provider_id))
            for key, outcome in results.items()
            if outcome.state is State.ACCEPTED or (outcome.state is State.REJECTED and key not in newer)
        ]

    def _keep_lease(self) -> None:
        """Asked before each call: renew a lease that would not outlast it. Raises LeaseLostError."""
        needed = timedelta(seconds=self._abilities.timeout + self._pace.margin)
        if self.lease.deadline - self._ledger.clock.lease_now() <= needed:
            self.lease = renew(self._ledger, self.lease, self._length)

    def _count(self, settled: Iterable[Settled]) -> None:
        for item in settled:
            self._report.states[item.state.value] += 1
            if item.state is State.UNKNOWN:
                self._report.doubtful.append(item.attempt.message_key)
            elif item.state is State.REJECTED:
                self._report.rejected.append(item.attempt.message_key)

    def _count_left(self) -> None:
        with self._ledger.read() as connection:
            self._report.left = count_waiting(connection, self._queue)

    def _tail(self) -> int:
        with self._ledger.read() as connection:
            return tail(connection, self._queue)


def _repeat(attempt: Attempt, tries: int) -> NewAttempt:
    return NewAttempt(attempt.queue, attempt.message_key, attempt.decision_id, attempt.run_id, tries)


def _trouble(error: DestinationError) -> str:
    if isinstance(error, CredentialsRefusedError):
        return CREDENTIALS_REFUSED
    return THROTTLED if isinstance(error, ThrottledError) else UNREACHABLE
