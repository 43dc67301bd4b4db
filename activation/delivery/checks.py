"""What is read again at the moment of sending: whether each claimed message may still go out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from activation.ledger import pauses, suppressions, tables
from activation.ledger.claims import Attempt
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.outcomes import WINDOW_PASSED, Settled, in_truth
from activation.ledger.states import SENT
from activation.ledger.withdrawals import withdrawn
from activation.model import Message, State

WINDOW_NOT_OPEN = "window_not_open"
SUPPRESSED = "suppressed"
PAUSED = "paused"
EARLIER_ATTEMPT = "earlier_attempt"


def held_back(connection: Connection, attempts: Sequence[Attempt], now: datetime) -> dict[int, Settled]:
    """By attempt id, what becomes of those that may not go out; the rest may."""
    gone = _already_sent(connection, [attempt for attempt in attempts if attempt.in_doubt])
    reasons = _reasons(connection, attempts, now)
    found: dict[int, Settled] = {}
    for attempt in attempts:
        if attempt.message_key in gone:
            found[attempt.attempt_id] = Settled(attempt, State.ACCEPTED, EARLIER_ATTEMPT)
        elif reason := reasons.get(attempt.attempt_id):
            found[attempt.attempt_id] = in_truth(Settled(attempt, State.RETURNED, reason))
    return found


def _reasons(connection: Connection, attempts: Sequence[Attempt], now: datetime) -> dict[int, str]:
    gone = withdrawn(connection, [attempt.message_key for attempt in attempts])
    paused = pauses.in_force(connection)
    blocked: dict[str, list[suppressions.Suppression]] = {}
    for item in suppressions.in_force(connection, [attempt.message.contact_point for attempt in attempts]):
        blocked.setdefault(item.contact_point, []).append(item)
    return {
        attempt.attempt_id: reason for attempt in attempts if (reason := _reason(attempt, now, gone, paused, blocked))
    }


def _reason(
    attempt: Attempt,
    now: datetime,
    gone: Mapping[tuple[str, str], str],
    paused: dict[str, str],
    blocked: Mapping[str, Sequence[suppressions.Suppression]],
) -> str | None:
    message = attempt.message
    if reason := gone.get((message.message_key, attempt.decision_id)):
        return reason
    if any(item.covers(message) for item in blocked.get(message.contact_point, ())):
        return SUPPRESSED
    if pauses.is_paused(message, paused):
        return PAUSED
    return _window(message, now)


def _window(message: Message, now: datetime) -> str | None:
    if now >= message.send_not_after:
        return WINDOW_PASSED
    return WINDOW_NOT_OPEN if now < message.send_not_before else None


def _already_sent(connection: Connection, attempts: Sequence[Attempt]) -> set[str]:
    found: set[str] = set()
    for keys in in_chunks([attempt.message_key for attempt in attempts], KEYS_PER_STATEMENT):
        rows = (
            select(tables.attempts.c.message_key)
            .join(tables.outcomes, tables.outcomes.c.attempt_id == tables.attempts.c.attempt_id)
            .where(tables.attempts.c.message_key.in_(keys), tables.outcomes.c.state.in_(SENT))
        )
        found.update(connection.execute(rows).scalars())
    return found
