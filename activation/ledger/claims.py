"""Claims: a worker takes a window of a queue's attempts with one row, committed before its first call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, select, update
from sqlalchemy.engine import Row

from activation.ledger import tables
from activation.ledger.attempts import claimed_up_to
from activation.ledger.leases import Lease, fence
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks, message_from
from activation.ledger.states import UNKNOWN_TEXT, has_outcome
from activation.ledger.store import Ledger, Writing
from activation.model import Message


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt in a queue, with its message."""

    attempt_id: int
    queue: str
    number: int
    tries: int
    in_doubt: bool
    batch_id: int | None
    decision_id: str
    run_id: int
    destination: str
    message: Message

    @property
    def message_key(self) -> str:
        return self.message.message_key


@dataclass(frozen=True, slots=True)
class Claim:
    """A range of a queue's attempts that one worker has taken."""

    sequence: int
    queue: str
    first_number: int
    last_number: int
    epoch: int


def waiting(ledger: Ledger, queue: str, size: int, horizon: int) -> list[Attempt]:
    """The next attempts of a queue that nobody has claimed, up to the number `horizon`.

    Only the holder of the queue's lease claims, so for it this is what `take` will take.
    """
    with ledger.read() as connection:
        first = claimed_up_to(connection, queue) + 1
        return load_attempts(connection, queue, first, horizon, size)


def load_attempts(
    connection: Connection,
    queue: str,
    first: int,
    last: int,
    limit: int | None = None,
    late_at: datetime | None = None,
) -> list[Attempt]:
    """The attempts of a queue in a range that have no outcome yet, in order; or those of them late at an instant."""
    attempts = tables.attempts
    found = (
        _with_messages()
        .where(attempts.c.queue == queue, attempts.c.number.between(first, last), ~has_outcome())
        .order_by(attempts.c.number)
        .limit(limit)
    )
    if late_at is not None:
        found = found.where(tables.messages.c.send_not_after <= late_at)
    return [_attempt(row) for row in connection.execute(found)]


def load_unknown(connection: Connection, queue: str, now: datetime) -> list[tuple[Attempt, str]]:
    """The attempts of a queue that ended unknown, with the reason, where nothing has happened to the message since and
    its time is not over."""
    # Two steps: in one, SQLite would walk the queue's whole past.
    ids = connection.execute(select(tables.outcomes.c.attempt_id).where(tables.outcomes.c.state == UNKNOWN_TEXT))
    found: list[tuple[Attempt, str]] = []
    for chunk in in_chunks(sorted(set(ids.scalars())), KEYS_PER_STATEMENT):
        rows = connection.execute(_still_unknown(queue, now).where(tables.attempts.c.attempt_id.in_(chunk)))
        found += [(_attempt(row), row.reason) for row in rows]
    return found


def _still_unknown(queue: str, now: datetime) -> Select[Any]:
    attempts, outcomes = tables.attempts, tables.outcomes
    newer, later = tables.attempts.alias("newer"), tables.outcomes.alias("later")
    newer_attempt = select(newer.c.attempt_id).where(
        newer.c.message_key == attempts.c.message_key, newer.c.attempt_id > attempts.c.attempt_id
    )
    later_outcome = (
        select(later.c.sequence)
        .join(newer, newer.c.attempt_id == later.c.attempt_id)
        .where(newer.c.message_key == attempts.c.message_key, later.c.sequence > outcomes.c.sequence)
    )
    return (
        _with_messages(outcomes.c.reason)
        .join(outcomes, outcomes.c.attempt_id == attempts.c.attempt_id)
        .where(attempts.c.queue == queue, outcomes.c.state == UNKNOWN_TEXT)
        .where(~newer_attempt.exists(), ~later_outcome.exists(), tables.messages.c.send_not_after > now)
        .order_by(attempts.c.number)
    )


def load_by_id(connection: Connection, attempt_ids: Sequence[int]) -> list[Attempt]:
    """These attempts, in order of their ids."""
    found: list[Attempt] = []
    for chunk in in_chunks(sorted(attempt_ids), KEYS_PER_STATEMENT):
        rows = _with_messages().where(tables.attempts.c.attempt_id.in_(chunk)).order_by(tables.attempts.c.attempt_id)
        found += [_attempt(row) for row in connection.execute(rows)]
    return found


def _with_messages(*more: ColumnElement[Any]) -> Select[Any]:
    attempts = tables.attempts
    columns = (
        attempts.c.attempt_id,
        attempts.c.queue,
        attempts.c.number,
        attempts.c.tries,
        attempts.c.in_doubt,
        attempts.c.batch_id,
        attempts.c.decision_id.label("attempt_decision_id"),
        attempts.c.run_id.label("attempt_run_id"),
    )
    return select(*columns, *more, tables.messages).join_from(
        attempts, tables.messages, attempts.c.message_key == tables.messages.c.message_key
    )


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        attempt_id=row.attempt_id,
        queue=row.queue,
        number=row.number,
        tries=row.tries,
        in_doubt=row.in_doubt,
        batch_id=row.batch_id,
        decision_id=row.attempt_decision_id,
        run_id=row.attempt_run_id,
        destination=row.destination,
        message=message_from(row),
    )


def take(writing: Writing, lease: Lease, deadline: datetime, attempts: Sequence[Attempt], now: datetime) -> Claim:
    """Claim a window, fenced by the queue's lease. Raises LeaseLostError, and then nothing is claimed."""
    fence(writing, lease, deadline)
    queue = attempts[0].queue
    first, last = claimed_up_to(writing.connection, queue) + 1, attempts[-1].number
    claim = Claim(writing.reserve(), queue, first, last, lease.epoch)
    writing.execute(
        insert(tables.claims).values(
            sequence=claim.sequence,
            queue=queue,
            first_number=first,
            last_number=last,
            epoch=lease.epoch,
            holder=lease.holder,
            deadline=deadline,
            claimed_at=now,
        )
    )
    return claim


def close(writing: Writing, sequence: int, now: datetime) -> None:
    """Mark a claim as one whose every attempt has an outcome."""
    writing.execute(update(tables.claims).where(tables.claims.c.sequence == sequence).values(closed_at=now))


def open_claims(connection: Connection, queue: str) -> list[Claim]:
    """The claims of a queue that were never closed."""
    claims = tables.claims.c
    rows = connection.execute(
        select(claims.sequence, claims.queue, claims.first_number, claims.last_number, claims.epoch)
        .where(and_(claims.queue == queue, claims.closed_at.is_(None)))
        .order_by(claims.first_number)
    )
    return [Claim(*row) for row in rows]
