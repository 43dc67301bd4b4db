"""The state of a message: its change with the highest number, over attempts, open claims and outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Exists,
    Subquery,
    and_,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
)

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.model import State

# These count as sent: a message in one of them is never planned again.
CLOSED_TO_PLANNING = frozenset(
    {State.PLANNED, State.CLAIMED, State.ACCEPTED, State.UNKNOWN, State.DELIVERED, State.BOUNCED}
)
# These prove that a message left.
SENT = (State.ACCEPTED.value, State.DELIVERED.value, State.BOUNCED.value)


# Spelt out, not bound: SQLite uses a partial index only where it can read the condition.
UNKNOWN_TEXT: ColumnElement[str] = literal_column(f"'{State.UNKNOWN.value}'")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one message stands: its state, the newest attempt, and every decision that was planned for it."""

    message_key: str
    state: State
    attempt_id: int
    decision_ids: frozenset[str]


def changes(keys: Sequence[str] | None = None, after: int | None = None) -> CompoundSelect[tuple[object, ...]]:
    """Every change of every message, or of those with the keys given, or those numbered above `after`."""
    attempts, claims, outcomes = tables.attempts.c, tables.claims.c, tables.outcomes.c
    shared = (attempts.message_key, attempts.attempt_id, attempts.decision_id, attempts.run_id)
    planned = select(
        attempts.attempt_id.label("sequence"),
        *shared,
        literal(State.PLANNED.value).label("state"),
        literal("").label("reason"),
        null().label("provider_id"),
        attempts.planned_at.label("changed_at"),
    )
    claimed = (
        select(
            claims.sequence,
            *shared,
            literal(State.CLAIMED.value),
            literal(""),
            null(),
            claims.claimed_at,
        )
        .join_from(
            tables.claims,
            tables.attempts,
            and_(attempts.queue == claims.queue, attempts.number.between(claims.first_number, claims.last_number)),
        )
        .where(claims.closed_at.is_(None), ~has_outcome())
    )
    settled = select(
        outcomes.sequence, *shared, outcomes.state, outcomes.reason, outcomes.provider_id, outcomes.changed_at
    ).join_from(tables.outcomes, tables.attempts, outcomes.attempt_id == attempts.attempt_id)
    arms = [planned, claimed, settled]
    if keys is not None:
        arms = [arm.where(attempts.message_key.in_(keys)) for arm in arms]
    if after is not None:
        numbers = (attempts.attempt_id, claims.sequence, outcomes.sequence)
        arms = [arm.where(number > after) for arm, number in zip(arms, numbers, strict=True)]
    return union_all(*arms)


def has_outcome() -> Exists:
    """Whether an attempt has an outcome."""
    return (
        select(tables.outcomes.c.sequence).where(tables.outcomes.c.attempt_id == tables.attempts.c.attempt_id).exists()
    )


def latest(keys: Sequence[str] | None = None) -> Subquery:
    """One row per message: its change with the highest number."""
    every = changes(keys).subquery("every_change")
    rank = func.row_number().over(partition_by=every.c.message_key, order_by=every.c.sequence.desc()).label("rank")
    ranked = select(every, rank).subquery("ranked_changes")
    return select(ranked).where(ranked.c.rank == 1).subquery("latest_change")


def standings(connection: Connection, keys: Sequence[str]) -> dict[str, Standing]:
    """Where the messages of these keys stand; those the ledger does not know are absent."""
    found: dict[str, Standing] = {}
    for chunk in in_chunks(keys, KEYS_PER_STATEMENT):
        newest: dict[str, tuple[int, str]] = {}
        attempts: dict[str, int] = {}
        decisions: dict[str, set[str]] = {}
        for row in connection.execute(changes(chunk)):
            newest[row.message_key] = max(newest.get(row.message_key, (0, "")), (row.sequence, row.state))
            attempts[row.message_key] = max(attempts.get(row.message_key, 0), row.attempt_id)
            decisions.setdefault(row.message_key, set()).add(row.decision_id)
        for key, (_, state) in newest.items():
            found[key] = Standing(key, State(state), attempts[key], frozenset(decisions[key]))
    return found


def count_states(connection: Connection) -> dict[str, int]:
    """How many messages are in each state."""
    last = latest()
    counted = select(last.c.state, func.count().label("count_of")).group_by(last.c.state).order_by(last.c.state)
    return {row.state: row.count_of for row in connection.execute(counted)}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message of which nobody knows whether it left."""

    message_key: str
    queue: str
    reason: str
    since: datetime
    will_be_resent: bool


def list_doubts(connection: Connection) -> list[Doubt]:
    """Every message with an unknown outcome that nothing later has settled, a planned repeat included."""
    outcomes, attempts = tables.outcomes.alias("doubt"), tables.attempts
    later_outcome, later_attempt = tables.outcomes.alias("later"), tables.attempts.alias("later_attempt")
    settled = (
        select(later_outcome.c.sequence)
        .join(later_attempt, later_attempt.c.attempt_id == later_outcome.c.attempt_id)
        .where(later_attempt.c.message_key == outcomes.c.message_key, later_outcome.c.sequence > outcomes.c.sequence)
        .where(later_outcome.c.state != State.FAILED.value)
        .exists()
    )
    repeat = (
        select(later_attempt.c.attempt_id)
        .where(later_attempt.c.message_key == outcomes.c.message_key)
        .where(later_attempt.c.attempt_id > outcomes.c.sequence)
        .exists()
    )
    listed = (
        select(outcomes.c.message_key, attempts.c.queue, outcomes.c.reason, outcomes.c.changed_at, repeat)
        .join(attempts, attempts.c.attempt_id == outcomes.c.attempt_id)
        .where(outcomes.c.state == UNKNOWN_TEXT, ~settled)
        .order_by(outcomes.c.sequence)
    )
    return [Doubt(*row) for row in connection.execute(listed)]
