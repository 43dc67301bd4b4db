"""Which unknown messages may be sent again: the same bytes where the destination promises to notice, else by policy."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from activation.delivery.calls import Pace
from activation.ledger.attempts import NewAttempt, append
from activation.ledger.claims import Attempt, load_unknown
from activation.ledger.leases import Lease, fence
from activation.ledger.renderings import Kept, kept
from activation.ledger.store import Ledger
from activation.model import Abilities, Idempotency, IdempotencyScope, OnUnknown

# Reasons that say nothing against the message itself: such an attempt is not counted against it.
NEUTRAL = frozenset({"unreachable", "throttled", "credentials_refused", "stopped", "lease_lost", "configuration"})
# A provider's clock and ours may differ, and a repeat takes time to arrive.
MARGIN_SHARE = 0.1
SHORTEST_MARGIN = timedelta(minutes=1)


def plan_resends(ledger: Ledger, lease: Lease, queue: str, abilities: Abilities, pace: Pace) -> int:
    """Append an attempt for each unknown message of a queue that may be sent again; returns how many."""
    now = ledger.clock.now()
    with ledger.read() as connection:
        unknown = load_unknown(connection, queue, now)
    if not unknown:
        return 0
    bytes_kept = kept(ledger, [attempt.message_key for attempt, _ in unknown])
    repeatable = _repeatable(bytes_kept, abilities, ledger.clock.lease_now())
    new = [
        resend
        for attempt, reason in unknown
        if (resend := _resend(attempt, reason, repeatable.get(attempt.message_key), pace)) is not None
    ]
    new.sort(key=lambda item: _place(item, repeatable))
    with ledger.write() as writing:
        fence(writing, lease, lease.deadline)
        append(writing, new, now)
    return len(new)


def _resend(attempt: Attempt, reason: str, same: Kept | None, pace: Pace) -> NewAttempt | None:
    tries = attempt.tries + (reason not in NEUTRAL)
    may_be_sent_afresh = attempt.message.on_unknown is OnUnknown.RESEND
    if tries > pace.message_tries or (same is None and not may_be_sent_afresh):
        return None
    return NewAttempt(
        queue=attempt.queue,
        message_key=attempt.message_key,
        decision_id=attempt.decision_id,
        run_id=attempt.run_id,
        tries=tries,
        in_doubt=True,
        batch_id=same.batch_id if same else None,
    )


def _place(item: NewAttempt, repeatable: Mapping[str, Kept]) -> tuple[int, int]:
    """A batch that goes out again keeps its order."""
    same = repeatable.get(item.message_key)
    return (same.batch_id, same.position) if same else (0, 0)


def _repeatable(found: Mapping[str, Kept], abilities: Abilities, real_now: datetime) -> dict[str, Kept]:
    """Those whose bytes may go out again under the same key."""
    promise = abilities.idempotency
    if promise.scope is IdempotencyScope.NONE:
        return {}
    fresh = {key: item for key, item in found.items() if real_now < item.kept_at + _usable(promise)}
    if promise.scope is IdempotencyScope.MESSAGE:
        return fresh
    sizes: dict[int, int] = {}
    for item in fresh.values():
        sizes[item.batch_id] = sizes.get(item.batch_id, 0) + 1
    return {
        key: item
        for key, item in fresh.items()
        if sizes[item.batch_id] == item.batch_size and item.batch_size <= abilities.batch
    }


def _usable(promise: Idempotency) -> timedelta:
    return promise.lifetime - max(promise.lifetime * MARGIN_SHARE, SHORTEST_MARGIN)
