from collections import Counter
from datetime import timedelta

import pytest

from activation.delivery.plan import plan, shard_of
from activation.errors import ConfigError, RunRefusedError
from activation.ledger import runs
from activation.ledger.recovery import Copy, recover
from activation.model import Channel, RunMode


def test_a_decision_is_planned_once(shop) -> None:
    """Planning again, under a newer run too, plans nothing."""
    assert shop.plan_numbers(3).planned == 3
    assert shop.plan_numbers(3).known == 3
    assert shop.states(3) == ["planned"] * 3


def test_a_message_that_went_out_is_never_planned_again(shop) -> None:
    """A new decision for the same message changes nothing once it was accepted."""
    shop.plan_numbers(1)
    shop.deliver()
    assert shop.plan(shop.message(0, decision_id="another")).known == 1
    assert shop.deliver().accepted == 0


def test_a_returned_message_needs_a_new_decision(shop) -> None:
    """What went back is planned again by a new decision, with its content, and not by the old one."""
    shop.plan_numbers(1, send_not_after=shop.ledger.clock.now() + timedelta(minutes=1))
    shop.ledger.clock.advance(timedelta(minutes=2))
    shop.deliver()
    assert shop.states(1) == ["returned"]
    assert shop.plan(shop.message(0)).known == 1
    assert shop.plan(shop.message(0, decision_id="another", template="other")).planned == 1
    assert shop.deliver().accepted == 1


def test_the_same_message_twice_in_one_plan_counts_once(shop) -> None:
    """Of two rows with one key the first is taken."""
    report = shop.plan(shop.message(0), shop.message(0, decision_id="another"))
    assert report.planned == 1
    assert shop.deliver().accepted == 1


def test_messages_outside_their_time_are_not_consumed(shop) -> None:
    """Too late and too early are counted and left to the next decision."""
    now = shop.ledger.clock.now()
    report = shop.plan(shop.message(0, send_not_after=now), shop.message(1, send_not_before=now + timedelta(seconds=1)))
    assert (report.late, report.early, report.planned) == (1, 1, 0)
    assert shop.states(2) == ["-", "-"]


def test_only_the_newest_live_run_may_plan(shop) -> None:
    """A run that was overtaken, or that is not live, plans nothing."""
    old = shop.run()
    shop.run()
    analysis = runs.start_run(shop.ledger, "batch", RunMode.ANALYSIS)
    for run in (old, analysis):
        with pytest.raises(RunRefusedError):
            plan(shop.ledger, run, [shop.message(0)], shop.config)
    assert shop.states(1) == ["-"]


def test_a_channel_without_destination_is_named(shop) -> None:
    """The configuration's gap is the error, and nothing of the chunk is planned."""
    with pytest.raises(ConfigError, match="sms"):
        shop.plan(shop.message(0), shop.message(1, channel=Channel.SMS))
    assert shop.states(2) == ["-", "-"]


def test_a_withdrawal_reaches_a_message_that_waits(shop) -> None:
    """What is withdrawn after planning goes back with its reason and is not sent."""
    shop.plan_numbers(2)
    report = shop.plan(shop.message(0, withdrawn_reason="cancelled"), shop.message(5, withdrawn_reason="cancelled"))
    assert (report.withdrawn, report.planned) == (1, 0)
    shop.deliver()
    assert shop.states(2) == ["returned", "accepted"]
    assert shop.reasons()["key0"] == "cancelled"


def test_a_contact_point_keeps_its_shard(shop) -> None:
    """Shards are stable and even, and one person's messages share a queue."""
    assert shard_of("ada@shop.example", 4) == 2
    shares = Counter(shard_of(f"{number}@shop.example", 4) for number in range(4000))
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares.values()) > 900


def test_what_was_decided_before_a_recovery_is_held(shop) -> None:
    """A decision that the recovered ledger does not know may have been sent: it is listed, not sent."""
    shop.run()
    recover(shop.ledger, {"incarnation": "lost", "high_water_mark": 10}, Copy())
    report = shop.plan(shop.message(0))
    assert (report.planned, report.doubtful) == (0, 1)
    assert shop.states(1) == ["unknown"]
    shop.ledger.clock.advance(timedelta(minutes=1))
    assert shop.plan(shop.message(1, decided_at=shop.ledger.clock.now())).planned == 1
