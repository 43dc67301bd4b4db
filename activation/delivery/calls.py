"""One batch, one destination: called until there is an answer for each message, or none can be had for now."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from activation.destinations.base import Destination
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    DestinationError,
    ThrottledError,
    UnreachableError,
)
from activation.model import IdempotencyScope, Outcome, Rendered, State

logger = logging.getLogger(__name__)

CALL_INTERRUPTED = "call_interrupted"
ANSWER_LOST = "answer_lost"
NO_ANSWER = "no_answer"
REASON_LENGTH = 200
# What an adapter may say became of a message; anything else is no answer.
ANSWERS = frozenset({State.ACCEPTED, State.REJECTED, State.FAILED, State.UNKNOWN, State.DELIVERED, State.BOUNCED})


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the engine is. Waits are in seconds; `tries` bounds the calls for one batch, `message_tries` the
    attempts that fail for one message alone; a call begins only if the lease outlasts its timeout plus `margin`."""

    tries: int = 3
    message_tries: int = 5
    backoff: float = 0.5
    longest_wait: float = 30.0
    margin: float = 5.0

    def lease_length(self, timeout: float) -> timedelta:
        """Long enough that one call and one wait never outlast a lease that was just renewed."""
        return timedelta(seconds=max(60.0, 2 * (timeout + self.margin) + self.longest_wait))


class Caller:
    """Calls a destination. `may_call` is asked before each call, and raises when the queue was lost."""

    def __init__(
        self, destination: Destination, pace: Pace, sleeper: Callable[[float], None], may_call: Callable[[], None]
    ) -> None:
        self._destination, self._pace = destination, pace
        self._sleeper, self._may_call = sleeper, may_call
        self._repeats_safely = destination.abilities.idempotency.scope is not IdempotencyScope.NONE

    def open(self) -> None:
        """Connect, with patience. Raises a DestinationError when it cannot be had."""
        for attempt in range(1, self._pace.tries + 1):
            try:
                self._destination.open()
            except (UnreachableError, ThrottledError) as error:
                self._wait(error, attempt)
            else:
                return

    def call(self, batch: Sequence[Rendered], results: dict[str, Outcome]) -> None:
        """Send a batch and put what became of each message into `results`, even when it raises.

        A message that is not there afterwards is certainly unsent. Raises UnreachableError, ThrottledError or
        CredentialsRefusedError when the destination takes nothing for now.
        """
        is_lost = False
        for attempt in range(1, self._pace.tries + 1):
            self._may_call()
            _doubt(batch, results, ANSWER_LOST if is_lost else CALL_INTERRUPTED)
            try:
                outcomes = self._destination.send(batch)
            except AnswerLostError as error:
                is_lost = True
                _doubt(batch, results, ANSWER_LOST)
                if not self._repeats_safely or attempt == self._pace.tries:
                    return
                self._wait_and_reopen(error, attempt)
            except DestinationError as error:
                if is_lost:
                    _doubt(batch, results, ANSWER_LOST)
                else:
                    _forget(batch, results)
                if isinstance(error, BatchRefusedError):
                    if not is_lost:
                        self._divide(batch, results, error)
                    return
                self._wait_and_reopen(error, attempt)
            else:
                _take(batch, outcomes, results)
                return

    def _divide(self, batch: Sequence[Rendered], results: dict[str, Outcome], error: BatchRefusedError) -> None:
        if len(batch) == 1:
            key = batch[0].message_key
            results[key] = Outcome(key, State.REJECTED, error.message[:REASON_LENGTH] or "refused")
            return
        middle = len(batch) // 2
        self.call(batch[:middle], results)
        self.call(batch[middle:], results)

    def _wait(self, error: DestinationError, attempt: int) -> None:
        """Wait before a repeat; raises the error where no repeat is left or worth it."""
        wait = self._pace.backoff * 2 ** (attempt - 1)
        if isinstance(error, ThrottledError):
            wait = error.retry_after
        is_passing = isinstance(error, UnreachableError | ThrottledError | AnswerLostError)
        if not is_passing or attempt >= self._pace.tries or wait > self._pace.longest_wait:
            raise error
        logger.info("%s: waiting %.1f s", type(error).__name__, wait)
        self._sleeper(wait)

    def _wait_and_reopen(self, error: DestinationError, attempt: int) -> None:
        self._wait(error, attempt)
        if isinstance(error, ThrottledError):
            return
        self._destination.close()
        try:
            self._destination.open()
        except (UnreachableError, ThrottledError):
            # The call that follows says so again, and counts.
            logger.info("the destination could not be reopened")


def _doubt(batch: Sequence[Rendered], results: dict[str, Outcome], reason: str) -> None:
    results.update({item.message_key: Outcome(item.message_key, State.UNKNOWN, reason) for item in batch})


def _forget(batch: Sequence[Rendered], results: dict[str, Outcome]) -> None:
    for item in batch:
        results.pop(item.message_key, None)


def _take(batch: Sequence[Rendered], outcomes: Sequence[Outcome], results: dict[str, Outcome]) -> None:
    _doubt(batch, results, NO_ANSWER)
    keys = {item.message_key for item in batch}
    for outcome in outcomes:
        if outcome.message_key in keys and outcome.state in ANSWERS:
            results[outcome.message_key] = outcome
