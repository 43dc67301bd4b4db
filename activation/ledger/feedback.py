"""Feedback: what a destination or a person told later. It is kept as told, and may settle a message's state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.outcomes import record_by_id
from activation.ledger.renderings import drop
from activation.ledger.states import Standing, standings
from activation.ledger.store import Ledger, Writing
from activation.model import State

DELIVERED = "delivered"
BOUNCED = "bounced"
# Nobody opens, clicks or complains about what did not arrive.
SETTLES = {
    DELIVERED: State.DELIVERED,
    "opened": State.DELIVERED,
    "clicked": State.DELIVERED,
    "complained": State.DELIVERED,
    "unsubscribed": State.DELIVERED,
    BOUNCED: State.BOUNCED,
}
ONLY_WHERE_UNKNOWN = frozenset(SETTLES) - {DELIVERED, BOUNCED}


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing told. `feedback_id` is the teller's own: what is told twice is kept once."""

    feedback_id: str
    kind: str
    channel: str
    occurred_at: datetime
    message_key: str | None = None
    contact_point: str | None = None


def record_feedback(ledger: Ledger, told: Iterable[Feedback]) -> int:
    """Keep feedback and let it settle the messages it is about; returns how much of it was new."""
    count = 0
    now = ledger.clock.now()
    for chunk in in_chunks(told, KEYS_PER_STATEMENT):
        with ledger.write() as writing:
            fresh = _unheard(writing.connection, chunk)
            _keep(writing, fresh, now)
            _settle(writing, fresh, now)
        count += len(fresh)
    return count


def _unheard(connection: Connection, told: list[Feedback]) -> list[Feedback]:
    unique = {item.feedback_id: item for item in told}
    known = select(tables.feedback.c.feedback_id).where(tables.feedback.c.feedback_id.in_(list(unique)))
    heard = set(connection.execute(known).scalars())
    return [item for identity, item in unique.items() if identity not in heard]


def _keep(writing: Writing, fresh: list[Feedback], now: datetime) -> None:
    rows = [
        {
            "sequence": sequence,
            "feedback_id": item.feedback_id,
            "kind": item.kind,
            "message_key": item.message_key,
            "contact_point": item.contact_point,
            "channel": item.channel,
            "occurred_at": item.occurred_at,
            "recorded_at": now,
        }
        for sequence, item in enumerate(fresh, start=writing.reserve(len(fresh)))
    ]
    if rows:
        writing.execute(insert(tables.feedback), rows)


def _settle(writing: Writing, fresh: list[Feedback], now: datetime) -> None:
    about = {item.message_key: item for item in fresh if item.message_key and item.kind in SETTLES}
    bounced = {item.message_key for item in fresh if item.kind == BOUNCED}
    known = standings(writing.connection, [key for key in about if key])
    rows = []
    for key, standing in known.items():
        kind = BOUNCED if key in bounced else about[key].kind
        if _is_news(standing, kind):
            rows.append((standing.attempt_id, key, SETTLES[kind], f"feedback: {kind}"))
    record_by_id(writing, rows, now)
    drop(writing, [row[1] for row in rows])


def _is_news(standing: Standing, kind: str) -> bool:
    if standing.state is SETTLES[kind]:
        return False
    # Of a planned one an earlier attempt went out, and the repeat is not needed any more.
    if standing.state in (State.UNKNOWN, State.CLAIMED, State.PLANNED):
        return True
    return kind not in ONLY_WHERE_UNKNOWN and standing.state in (State.ACCEPTED, State.DELIVERED)
