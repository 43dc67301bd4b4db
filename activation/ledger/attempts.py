"""Attempts: what stands in the queues. A retry is a new attempt at the tail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from activation.ledger import tables
from activation.ledger.states import has_outcome
from activation.ledger.store import Ledger, Writing


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt to be appended to a queue."""

    queue: str
    message_key: str
    decision_id: str
    run_id: int
    tries: int = 1
    in_doubt: bool = False
    batch_id: int | None = None


def queue_name(destination: str, lane: str, shard: int) -> str:
    """A queue's name: destination, lane and shard."""
    return f"{destination}:{lane}:{shard}"


def queue_destination(queue: str) -> str:
    """The destination of a queue."""
    return queue.rsplit(":", 2)[0]


def insert_messages(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add messages that the ledger does not know yet."""
    if rows:
        writing.execute(insert(tables.messages), rows)


def replace_messages(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Overwrite messages that a new decision plans again."""
    if rows:
        names = [column.name for column in tables.messages.c if column.name != "message_key"]
        change = update(tables.messages).where(tables.messages.c.message_key == bindparam("b_message_key"))
        change = change.values({name: bindparam(f"b_{name}") for name in names})
        writing.connection.execute(change, [{f"b_{name}": value for name, value in row.items()} for row in rows])


def append(writing: Writing, new: Sequence[NewAttempt], now: datetime) -> list[int]:
    """Append attempts at the tails of their queues, in the order given; returns their ids."""
    if not new:
        return []
    tails = {queue: tail(writing.connection, queue) for queue in sorted({attempt.queue for attempt in new})}
    first = writing.reserve(len(new))
    rows: list[dict[str, Any]] = []
    for attempt_id, attempt in enumerate(new, start=first):
        tails[attempt.queue] += 1
        rows.append(
            {
                "attempt_id": attempt_id,
                "queue": attempt.queue,
                "number": tails[attempt.queue],
                "message_key": attempt.message_key,
                "decision_id": attempt.decision_id,
                "run_id": attempt.run_id,
                "tries": attempt.tries,
                "in_doubt": attempt.in_doubt,
                "batch_id": attempt.batch_id,
                "planned_at": now,
            }
        )
    writing.execute(insert(tables.attempts), rows)
    return [row["attempt_id"] for row in rows]


def tail(connection: Connection, queue: str) -> int:
    """The number of a queue's last attempt, 0 for an empty one."""
    last = select(func.max(tables.attempts.c.number)).where(tables.attempts.c.queue == queue)
    return connection.execute(last).scalar_one() or 0


def claimed_up_to(connection: Connection, queue: str) -> int:
    """The number of the last attempt of a queue that was ever claimed."""
    last = select(func.max(tables.claims.c.last_number)).where(tables.claims.c.queue == queue)
    return connection.execute(last).scalar_one() or 0


def queues_with_work(ledger: Ledger, lane: str | None = None) -> list[str]:
    """The queues that hold unclaimed attempts, or claims that a crash left open, or both."""
    with ledger.read() as connection:
        found = [queue for queue in queues(connection) if _has_work(connection, queue)]
    return [queue for queue in found if lane is None or queue.rsplit(":", 2)[1] == lane]


def queues(connection: Connection) -> list[str]:
    """Every queue that was ever used, in order."""
    found: list[str] = []
    # One step down the index per queue; DISTINCT would walk over every attempt there ever was.
    following = select(func.min(tables.attempts.c.queue))
    while (queue := connection.execute(following).scalar_one()) is not None:
        found.append(queue)
        following = select(func.min(tables.attempts.c.queue)).where(tables.attempts.c.queue > queue)
    return found


def _has_work(connection: Connection, queue: str) -> bool:
    open_claims = select(tables.claims.c.sequence).where(
        tables.claims.c.queue == queue, tables.claims.c.closed_at.is_(None)
    )
    waiting = select(tables.attempts.c.attempt_id).where(
        tables.attempts.c.queue == queue,
        tables.attempts.c.number > claimed_up_to(connection, queue),
        ~has_outcome(),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in (open_claims, waiting))


def count_waiting(connection: Connection, queue: str) -> int:
    """How many attempts of a queue nobody has claimed yet."""
    waiting = (
        select(func.count())
        .select_from(tables.attempts)
        .where(tables.attempts.c.queue == queue, tables.attempts.c.number > claimed_up_to(connection, queue))
        .where(~has_outcome())
    )
    return connection.execute(waiting).scalar_one()
