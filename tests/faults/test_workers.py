"""Several workers at one queue: at once, after one another, and one that sleeps through its lease."""

import multiprocessing
from datetime import timedelta

import pytest

from activation.delivery.send import LEASE_LOST, Engine
from activation.errors import BusyError
from activation.ledger.attempts import queues_with_work
from activation.ledger.clock import utc_now
from activation.ledger.leases import queue_lease
from activation.ledger.operations import release_lapsed, status
from activation.model import IdempotencyScope, OnUnknown

FORK = multiprocessing.get_context("fork")
NONE, HOLD, RESEND = IdempotencyScope.NONE, OnUnknown.HOLD, OnUnknown.RESEND


def test_two_workers_at_once_send_each_message_once(open_shop) -> None:
    """One has the queue, the other is told that it is busy or finds nothing left."""
    shop = open_shop(NONE, HOLD, count=40)
    barrier = FORK.Barrier(2)

    def work() -> None:
        barrier.wait()
        try:
            shop.deliver(lambda _name: None)
        except BusyError:
            raise SystemExit(3) from None

    workers = [FORK.Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert 0 in {worker.exitcode for worker in workers} <= {0, 3}
    shop.look()
    assert shop.status.states == {"accepted": 40}
    assert set(shop.sent.values()) == {1}


def test_a_killed_workers_queue_is_busy_until_its_lease_lapses(open_shop, kill_at) -> None:
    """Nobody guesses that a worker is dead: the queue waits for the deadline, then goes on."""
    shop = open_shop(NONE, HOLD)
    shop.live(kill_at("in_call", 1))
    queue = "double:batch:0"
    with shop.open() as ledger:
        with pytest.raises(BusyError, match=queue_lease(queue)):
            Engine(ledger, shop.destination(), shop.renderer).deliver(queue)
        assert release_lapsed(ledger) == []
        assert queues_with_work(ledger) == [queue]
    shop.lives += 1
    with shop.open() as ledger:
        assert release_lapsed(ledger) == [queue]
        assert len(status(ledger).doubtful) <= 8
    assert shop.live()
    shop.look().assert_promise_kept()


def _sleep_through_lease(shop, on_call: int) -> list:
    """A worker stops in a call until its lease has lapsed; a second one does everything; the first goes on."""
    reports = []
    calls = 0

    def second_worker(reached: str) -> None:
        nonlocal calls
        calls += reached == "in_call"
        if reached == "in_call" and calls == on_call:
            shop.lives += 1
            reports.extend(shop.deliver(lambda _name: None))

    with shop.open() as ledger:
        # Its clock stands still with it and shows the lapsed deadline as soon as it wakes.
        ledger.clock._real_now = lambda: utc_now() + shop.lives * timedelta(minutes=10)
        double = shop.destination()
        double.checkpoint = second_worker
        engine = Engine(ledger, double, shop.renderer, sleeper=lambda _seconds: None)
        reports.append(engine.deliver("double:batch:0"))
    return reports


def test_a_worker_that_sleeps_through_its_lease_only_records_what_it_did(open_shop) -> None:
    """The successor lists the window as unknown; the late answer settles what was sent; nothing is doubled."""
    shop = open_shop(NONE, HOLD)
    second, first = _sleep_through_lease(shop, on_call=2)
    assert second.settled_for_others == 8
    assert first.trouble == LEASE_LOST
    assert first.accepted == 4
    shop.crashes = 1
    shop.look().assert_promise_kept()
    assert shop.status.states == {"accepted": 16, "unknown": 4}
    assert set(shop.sent.values()) == {1}


def test_a_late_answer_never_undoes_a_newer_attempt(open_shop) -> None:
    """Where policy sent again meanwhile, the sleeper's window ends accepted, and stays so."""
    shop = open_shop(NONE, RESEND)
    _, first = _sleep_through_lease(shop, on_call=2)
    assert first.trouble == LEASE_LOST
    shop.crashes = 1
    shop.look().assert_promise_kept()
    assert shop.status.states == {"accepted": 20}
