from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activation.errors import BusyError
from activation.ledger import Ledger, claims, leases, tables
from activation.ledger.attempts import claimed_up_to, tail
from activation.ledger.leases import LeaseLostError, queue_lease
from activation.ledger.outcomes import Settled, record, settle_open_claims
from activation.model import State

QUEUE = "inbox:batch:0"


def _take(ledger: Ledger, lease: leases.Lease, size: int) -> tuple[claims.Claim, list[claims.Attempt]]:
    now = ledger.clock.now()
    attempts = claims.waiting(ledger, QUEUE, size, 10**9)
    with ledger.write() as writing:
        return claims.take(writing, lease, lease.deadline, attempts, now), attempts


def test_windows_follow_each_other(ledger: Ledger, put, make_message) -> None:
    """Each claim takes the next attempts, in order, and messages come back as they went in."""
    messages = [make_message(number) for number in range(5)]
    put(messages)
    lease = leases.acquire(ledger, queue_lease(QUEUE))
    first, taken = _take(ledger, lease, 3)
    second, rest = _take(ledger, lease, 3)
    assert [attempt.message for attempt in taken + rest] == messages
    assert (first.first_number, first.last_number, second.first_number, second.last_number) == (1, 3, 4, 5)


def test_a_lost_lease_claims_nothing(ledger: Ledger, put, make_message, real_time) -> None:
    """Whoever was succeeded cannot claim, not even what nobody has taken yet."""
    put([make_message(0)])
    lease = leases.acquire(ledger, queue_lease(QUEUE), length=timedelta(seconds=60))
    real_time.pass_by(minutes=2)
    leases.acquire(ledger, queue_lease(QUEUE))
    with pytest.raises(LeaseLostError):
        _take(ledger, lease, 1)
    with ledger.read() as connection:
        assert connection.execute(tables.claims.select()).first() is None


def test_what_a_predecessor_left_is_unknown(ledger: Ledger, put, make_message, real_time) -> None:
    """Only what was claimed and not recorded is in doubt; what waits still waits."""
    put([make_message(number) for number in range(5)])
    lease = leases.acquire(ledger, queue_lease(QUEUE), length=timedelta(seconds=60))
    _, taken = _take(ledger, lease, 3)
    with ledger.write() as writing:
        record(writing, [Settled(taken[0], State.ACCEPTED)], ledger.clock.now())
    real_time.pass_by(minutes=2)
    successor = leases.acquire(ledger, queue_lease(QUEUE))
    assert settle_open_claims(ledger, successor, QUEUE) == 2
    assert settle_open_claims(ledger, successor, QUEUE) == 0
    assert len(claims.waiting(ledger, QUEUE, 10, 10**9)) == 2


STEPS = st.lists(
    st.tuples(st.sampled_from(["acquire", "claim", "pass"]), st.integers(0, 2), st.integers(1, 4)),
    min_size=1,
    max_size=40,
)


@given(steps=STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_attempt_is_ever_claimed_twice(ledger: Ledger, put, make_message, real_time, steps) -> None:
    """Whatever three workers do, at whatever moment leases lapse, claims are gapless and never overlap."""
    with ledger.write() as writing:
        for table in (tables.claims, tables.attempts, tables.messages, tables.leases):
            writing.execute(table.delete())
    put([make_message(number) for number in range(60)])
    held: dict[int, leases.Lease] = {}
    taken: list[str] = []
    for action, who, amount in steps:
        if action == "pass":
            real_time.pass_by(seconds=amount * 20)
        elif action == "acquire":
            try:
                held[who] = leases.acquire(ledger, queue_lease(QUEUE), f"worker{who}", timedelta(seconds=60))
            except BusyError:
                continue
        elif who in held:
            try:
                _, attempts = _take(ledger, held[who], amount)
            except (LeaseLostError, IndexError):
                continue
            taken += [attempt.message_key for attempt in attempts]
    assert taken == [f"key{number}" for number in range(len(taken))]
    with ledger.read() as connection:
        assert claimed_up_to(connection, QUEUE) == len(taken)
        assert tail(connection, QUEUE) == 60
