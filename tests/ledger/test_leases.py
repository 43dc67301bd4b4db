from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from activation.errors import BusyError
from activation.ledger import Ledger, leases, tables
from activation.ledger.leases import LeaseLostError

LENGTH = timedelta(seconds=60)


def test_a_held_lease_names_holder_and_deadline(ledger: Ledger) -> None:
    """Who comes second learns who has it and until when."""
    leases.acquire(ledger, "decide", "first", LENGTH)
    with pytest.raises(BusyError, match="held by first until 2026-11-01 00:01:00"):
        leases.acquire(ledger, "decide", "second", LENGTH)


def test_a_released_lease_is_free_with_a_higher_epoch(ledger: Ledger) -> None:
    """Releasing frees at once; the epoch tells the holders apart."""
    first = leases.acquire(ledger, "decide", "first", LENGTH)
    leases.release(ledger, first)
    assert leases.acquire(ledger, "decide", "second", LENGTH).epoch == first.epoch + 1


def test_a_lapsed_lease_may_be_taken_over_and_its_holder_notices(ledger: Ledger, real_time) -> None:
    """After the deadline another may have it; the first can neither renew nor release it."""
    first = leases.acquire(ledger, "decide", "first", LENGTH)
    real_time.pass_by(seconds=61)
    second = leases.acquire(ledger, "decide", "second", LENGTH)
    with pytest.raises(LeaseLostError):
        leases.renew(ledger, first)
    leases.release(ledger, first)
    assert leases.renew(ledger, second).epoch == second.epoch


def test_a_lapsed_lease_that_nobody_took_is_still_its_holders(ledger: Ledger, real_time) -> None:
    """A process that slept past its deadline goes on if nobody came."""
    lease = leases.acquire(ledger, "decide", "first", LENGTH)
    real_time.pass_by(hours=1)
    assert leases.renew(ledger, lease, LENGTH).deadline == real_time.instant + LENGTH


def test_holding_frees_at_the_end_and_after_a_failure(ledger: Ledger) -> None:
    """The block's end frees the lease whatever happened in it."""
    with pytest.raises(ZeroDivisionError), leases.hold(ledger, "warehouse"):
        raise ZeroDivisionError
    with leases.hold(ledger, "warehouse"), pytest.raises(BusyError), leases.hold(ledger, "warehouse"):
        pass


def test_holding_says_when_it_was_lost(ledger: Ledger, real_time) -> None:
    """What was done under a lease that another took over is reported as such."""
    holding = leases.hold(ledger, "warehouse", length=timedelta(seconds=60))
    holding.__enter__()
    real_time.pass_by(seconds=61)
    leases.acquire(ledger, "warehouse", "thief", timedelta(hours=1))
    with pytest.raises(LeaseLostError):
        holding.__exit__(None, None, None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["acquire", "renew", "release", "pass"]), st.integers(0, 2), st.integers(1, 90)),
    max_size=40,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_most_one_process_has_a_living_lease(ledger: Ledger, real_time, steps) -> None:
    """Whatever three processes do, only one of them passes the fence, and epochs only rise."""
    with ledger.write() as writing:
        writing.execute(delete(tables.leases))
    held: dict[int, leases.Lease] = {}
    newest = 0
    for action, who, seconds in steps:
        if action == "pass":
            real_time.pass_by(seconds=seconds)
        elif action == "acquire":
            try:
                lease = leases.acquire(ledger, "decide", f"process{who}", LENGTH)
            except BusyError:
                continue
            assert lease.epoch > newest
            newest, held[who] = lease.epoch, lease
        elif action == "release" and who in held:
            leases.release(ledger, held.pop(who))
        alive = [lease for lease in held.values() if _passes(ledger, lease)]
        assert len(alive) <= 1
        assert all(lease.epoch == newest for lease in alive)


def _passes(ledger: Ledger, lease: leases.Lease) -> bool:
    try:
        with ledger.write() as writing:
            leases.fence(writing, lease, lease.deadline)
    except LeaseLostError:
        return False
    return True
