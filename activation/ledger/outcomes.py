"""Outcomes: what became of attempts. Appended, one transaction per window; never changed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from activation.ledger import tables
from activation.ledger.attempts import claimed_up_to, tail
from activation.ledger.claims import Attempt, close, load_attempts, open_claims
from activation.ledger.leases import Lease, fence
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.store import Ledger, Writing
from activation.model import State

logger = logging.getLogger(__name__)

PROCESS_ENDED = "process_ended"
WINDOW_PASSED = "window_passed"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one attempt."""

    attempt: Attempt
    state: State
    reason: str = ""
    provider_id: str | None = None


def in_truth(settled: Settled) -> Settled:
    """While an earlier attempt's outcome is unknown, no later one can say that the message did not go out.

    A refusal can, where the same bytes went out under the same key: it answers for the earlier attempt too.
    """
    is_refusal = settled.state is State.REJECTED and settled.attempt.batch_id is None
    if settled.attempt.in_doubt and (is_refusal or settled.state in (State.FAILED, State.RETURNED)):
        return Settled(settled.attempt, State.UNKNOWN, settled.reason)
    return settled


def record(writing: Writing, settled: Sequence[Settled], now: datetime) -> None:
    """Append outcomes, and drop the kept bytes of those that are final."""
    _append(
        writing,
        [
            (item.attempt.attempt_id, item.attempt.message_key, item.state, item.reason, item.provider_id)
            for item in settled
        ],
        now,
    )
    final = [item.attempt.message_key for item in settled if item.state is not State.UNKNOWN]
    for keys in in_chunks(final, KEYS_PER_STATEMENT):
        writing.execute(delete(tables.renderings).where(tables.renderings.c.message_key.in_(keys)))


def record_by_id(writing: Writing, rows: Sequence[tuple[int, str, State, str]], now: datetime) -> None:
    """Append outcomes given as attempt id, message key, state and reason."""
    _append(writing, [(*row, None) for row in rows], now)


def _append(writing: Writing, rows: Sequence[tuple[int, str, State, str, str | None]], now: datetime) -> None:
    if not rows:
        return
    first = writing.reserve(len(rows))
    writing.execute(
        insert(tables.outcomes),
        [
            {
                "sequence": sequence,
                "attempt_id": attempt_id,
                "message_key": message_key,
                "state": state.value,
                "reason": reason,
                "provider_id": provider_id,
                "changed_at": now,
            }
            for sequence, (attempt_id, message_key, state, reason, provider_id) in enumerate(rows, start=first)
        ],
    )


def expire_waiting(ledger: Ledger, lease: Lease, queue: str) -> int:
    """Record what waits in a queue past its time as `returned`; returns how many."""
    now = ledger.clock.now()
    with ledger.read() as connection:
        first, last = claimed_up_to(connection, queue) + 1, tail(connection, queue)
        late = load_attempts(connection, queue, first, last, late_at=now)
    for chunk in in_chunks(late, KEYS_PER_STATEMENT):
        with ledger.write() as writing:
            fence(writing, lease, lease.deadline)
            record(writing, [in_truth(Settled(attempt, State.RETURNED, WINDOW_PASSED)) for attempt in chunk], now)
    return len(late)


def with_newer_attempt(writing: Writing, attempts: Sequence[Attempt]) -> set[str]:
    """The keys among these whose message has a newer attempt than the one given."""
    own = {attempt.message_key: attempt.attempt_id for attempt in attempts}
    rows = writing.execute(
        select(tables.attempts.c.message_key, tables.attempts.c.attempt_id).where(
            tables.attempts.c.message_key.in_(list(own))
        )
    )
    return {row.message_key for row in rows if row.attempt_id > own[row.message_key]}


def settle_open_claims(ledger: Ledger, lease: Lease, queue: str) -> int:
    """Record `unknown` for what an earlier holder of the queue claimed and never recorded; returns how many.

    The lease given is the queue's present one, so the earlier holder is known to have lost it.
    """
    now = ledger.clock.now()
    count = 0
    with ledger.write() as writing:
        fence(writing, lease, lease.deadline)
        for claim in open_claims(writing.connection, queue):
            left = load_attempts(writing.connection, queue, claim.first_number, claim.last_number)
            record(writing, [Settled(attempt, State.UNKNOWN, PROCESS_ENDED) for attempt in left], now)
            close(writing, claim.sequence, now)
            count += len(left)
    if count:
        logger.warning("queue %s: %d claimed messages without an outcome are unknown", queue, count)
    return count
