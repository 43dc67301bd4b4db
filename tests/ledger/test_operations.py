from datetime import timedelta

import pytest

from activation.errors import InputError
from activation.ledger import Ledger, claims, leases, operations, pauses, suppressions
from activation.ledger.feedback import Feedback, record_feedback
from activation.ledger.leases import queue_lease
from activation.ledger.outcomes import Settled, record
from activation.ledger.suppressions import Suppression
from activation.model import State

QUEUE = "inbox:batch:0"


@pytest.fixture
def settle(ledger: Ledger):
    """Give the next waiting messages of the queue these states."""

    def settle_next(*states: State) -> None:
        lease = leases.acquire(ledger, queue_lease(QUEUE))
        attempts = claims.waiting(ledger, QUEUE, len(states), 10**9)
        with ledger.write() as writing:
            claim = claims.take(writing, lease, lease.deadline, attempts, ledger.clock.now())
            settled = [Settled(attempt, state) for attempt, state in zip(attempts, states, strict=True)]
            record(writing, settled, ledger.clock.now())
            claims.close(writing, claim.sequence, ledger.clock.now())
        leases.release(ledger, lease)

    return settle_next


def test_status_counts_and_lists(ledger: Ledger, put, make_message, settle) -> None:
    """Every message is counted once, every doubt is named, what waits is shown per queue."""
    put([make_message(number) for number in range(5)])
    settle(State.ACCEPTED, State.UNKNOWN, State.FAILED)
    found = operations.status(ledger)
    assert found.states == {"accepted": 1, "failed": 1, "planned": 2, "unknown": 1}
    assert [(doubt.message_key, doubt.will_be_resent) for doubt in found.doubtful] == [("key1", False)]
    assert found.waiting == {QUEUE: 2}


def test_retry_plans_failed_and_unknown_messages(ledger: Ledger, put, make_message, settle) -> None:
    """On a person's word they are tried again, and the doubt stays listed until it is settled."""
    put([make_message(number) for number in range(2)])
    settle(State.UNKNOWN, State.FAILED)
    assert operations.retry(ledger, ["key0", "key1", "key0"]) == 2
    found = operations.status(ledger)
    assert found.states == {"planned": 2}
    assert [(doubt.message_key, doubt.will_be_resent) for doubt in found.doubtful] == [("key0", True)]
    settle(State.ACCEPTED, State.ACCEPTED)
    assert operations.status(ledger).doubtful == []


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.RETURNED])
def test_retry_refuses_the_rest(ledger: Ledger, put, make_message, settle, state) -> None:
    """One message that cannot be retried stops the whole request, by name."""
    put([make_message(number) for number in range(2)])
    settle(State.UNKNOWN, state)
    with pytest.raises(InputError, match=f"key1 is {state}"):
        operations.retry(ledger, ["key0", "key1"])
    with pytest.raises(InputError, match="not in the ledger"):
        operations.retry(ledger, ["nobody"])
    assert operations.status(ledger).waiting == {}


def test_retry_refuses_what_is_too_late(ledger: Ledger, put, make_message, settle) -> None:
    """A message whose time is over can only be decided again."""
    put([make_message(0)])
    settle(State.FAILED)
    ledger.clock.advance(timedelta(days=1))
    with pytest.raises(InputError, match="decided again"):
        operations.retry(ledger, ["key0"])


def test_release_frees_lapsed_queues_only(ledger: Ledger, put, make_message, real_time) -> None:
    """What a dead worker had claimed is listed; a living one is left alone."""
    put([make_message(0)])
    put([make_message(1)], "inbox:batch:1")
    dead = leases.acquire(ledger, queue_lease(QUEUE), length=timedelta(seconds=60))
    with ledger.write() as writing:
        claims.take(writing, dead, dead.deadline, claims.waiting(ledger, QUEUE, 1, 9), ledger.clock.now())
    real_time.pass_by(minutes=2)
    leases.acquire(ledger, queue_lease("inbox:batch:1"))
    assert operations.release_lapsed(ledger) == [QUEUE]
    found = operations.status(ledger)
    assert [lease.name for lease in found.leases] == [queue_lease("inbox:batch:1")]
    assert [doubt.reason for doubt in found.doubtful] == ["process_ended"]


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (State.UNKNOWN, "delivered", "delivered"),
        (State.UNKNOWN, "clicked", "delivered"),
        (State.UNKNOWN, "bounced", "bounced"),
        (State.ACCEPTED, "delivered", "delivered"),
        (State.ACCEPTED, "opened", "accepted"),
        (State.ACCEPTED, "bounced", "bounced"),
        (State.ACCEPTED, "deferred", "accepted"),
        (State.RETURNED, "delivered", "returned"),
    ],
)
def test_feedback_settles_a_message(ledger: Ledger, put, make_message, settle, before, kind, after) -> None:
    """What is told later decides where nobody knew, and is kept once."""
    put([make_message(0)])
    settle(before)
    told = [
        Feedback("f1", kind, "email", ledger.clock.now(), "key0"),
        Feedback("f2", kind, "email", ledger.clock.now()),
    ]
    assert record_feedback(ledger, told) == 2
    assert record_feedback(ledger, told) == 0
    found = operations.status(ledger)
    assert found.states == {after: 1}
    assert found.doubtful == []


def test_feedback_makes_a_planned_repeat_needless(ledger: Ledger, put, make_message, settle) -> None:
    """A message that turns out to have arrived is not sent again."""
    put([make_message(0)])
    settle(State.UNKNOWN)
    operations.retry(ledger, ["key0"])
    record_feedback(ledger, [Feedback("f1", "delivered", "email", ledger.clock.now(), "key0")])
    assert operations.status(ledger).waiting == {}


def test_suppressing_and_lifting_count_what_changed(ledger: Ledger) -> None:
    """Repeats append nothing."""
    one = Suppression("A@Shop.example", "email", "default", reason="complaint")
    assert suppressions.suppress(ledger, [one, one]) == 1
    assert suppressions.suppress(ledger, [one]) == 0
    assert suppressions.lift(ledger, [one]) == 1
    assert suppressions.lift(ledger, [one]) == 0
    assert suppressions.suppress(ledger, [one]) == 1


def test_pausing_and_resuming_say_what_changed(ledger: Ledger) -> None:
    """Repeats append nothing, and a scope that is none is refused."""
    assert pauses.pause(ledger, "trigger:welcome", "test")
    assert not pauses.pause(ledger, "trigger:welcome", "test")
    assert pauses.resume(ledger, "trigger:welcome")
    assert not pauses.resume(ledger, "trigger:welcome")
    with pytest.raises(InputError, match="no scope"):
        pauses.pause(ledger, "welcome", "test")
