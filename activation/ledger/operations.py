"""What a person does with the ledger: look, send again, free what a crash left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from activation.errors import InputError
from activation.ledger import pauses, tables
from activation.ledger.attempts import NewAttempt, append, count_waiting, queues
from activation.ledger.claims import Attempt, load_by_id
from activation.ledger.leases import acquire, queue_lease, release
from activation.ledger.outcomes import settle_open_claims
from activation.ledger.states import Doubt, count_states, list_doubts, standings
from activation.ledger.store import Ledger, current_incarnation, newest_sequence
from activation.model import State

# What a person may ask for again. `rejected` is not among them: the same message would be refused again.
RETRIABLE = frozenset({State.FAILED, State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease somebody holds, or held until it lapsed."""

    name: str
    holder: str
    deadline: datetime
    is_lapsed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What the ledger shows: messages per state, each message in doubt, what waits, who holds what."""

    incarnation: str
    high_water_mark: int
    states: dict[str, int]
    doubtful: list[Doubt]
    waiting: dict[str, int]
    leases: list[HeldLease]
    pauses: dict[str, str]


def status(ledger: Ledger) -> Status:
    """The ledger at one instant."""
    now = ledger.clock.lease_now()
    with ledger.snapshot() as connection:
        return Status(
            incarnation=current_incarnation(connection),
            high_water_mark=newest_sequence(connection),
            states=count_states(connection),
            doubtful=list_doubts(connection),
            waiting=_waiting(connection),
            leases=_leases(connection, now),
            pauses=pauses.in_force(connection),
        )


def retry(ledger: Ledger, keys: Sequence[str]) -> int:
    """Plan failed and unknown messages again because a person says so; returns how many.

    An unknown one may reach its recipient twice. Raises InputError, and plans none, where a message cannot be retried.
    """
    now = ledger.clock.now()
    wanted = list(dict.fromkeys(keys))
    with ledger.write() as writing:
        known = standings(writing.connection, wanted)
        for key in wanted:
            if key not in known or known[key].state not in RETRIABLE:
                state = known[key].state.value if key in known else "not in the ledger"
                raise InputError(f"The message {key} is {state}.", "Only failed and unknown ones can be retried.")
        attempts = load_by_id(writing.connection, [known[key].attempt_id for key in wanted])
        new = [_again(attempt, known[attempt.message_key].state, now) for attempt in attempts]
        append(writing, new, now)
    return len(new)


def release_lapsed(ledger: Ledger) -> list[str]:
    """Free the queues whose worker is gone: what it had claimed and not recorded becomes unknown. Returns the queues.

    A queue whose lease is alive is left alone.
    """
    now = ledger.clock.lease_now()
    with ledger.read() as connection:
        dead = {held.name for held in _leases(connection, now) if held.is_lapsed}
        freed = [queue for queue in queues(connection) if queue_lease(queue) in dead]
    for queue in freed:
        lease = acquire(ledger, queue_lease(queue))
        settle_open_claims(ledger, lease, queue)
        release(ledger, lease)
    return freed


def _again(attempt: Attempt, state: State, now: datetime) -> NewAttempt:
    if not attempt.message.sender:
        raise InputError(
            f"The message {attempt.message_key} was recovered from the warehouse's copy, which lacks its content.",
            "It can only be decided again.",
        )
    if now >= attempt.message.send_not_after:
        raise InputError(
            f"The time of the message {attempt.message_key} is over since {attempt.message.send_not_after}.",
            "It can only be decided again.",
        )
    in_doubt = attempt.in_doubt or state is State.UNKNOWN
    return NewAttempt(attempt.queue, attempt.message_key, attempt.decision_id, attempt.run_id, in_doubt=in_doubt)


def _waiting(connection: Connection) -> dict[str, int]:
    counted = {queue: count_waiting(connection, queue) for queue in queues(connection)}
    return {queue: count for queue, count in counted.items() if count}


def _leases(connection: Connection, now: datetime) -> list[HeldLease]:
    held = select(tables.leases).where(tables.leases.c.holder != "").order_by(tables.leases.c.name)
    return [HeldLease(row.name, row.holder, row.deadline, row.deadline <= now) for row in connection.execute(held)]
