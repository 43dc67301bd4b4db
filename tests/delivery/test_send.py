import logging
import threading
from datetime import timedelta

import pytest

from activation.delivery.send import require_delivered
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    BusyError,
    CredentialsRefusedError,
    DeliveryError,
    LedgerUnavailableError,
    ThrottledError,
    UnreachableError,
)
from activation.ledger import leases, pauses, suppressions, tables
from activation.ledger.attempts import queues_with_work
from activation.ledger.operations import status
from activation.ledger.suppressions import Suppression
from activation.model import Idempotency, IdempotencyScope, OnUnknown, Outcome, Purpose, State

DAY = timedelta(hours=24)


def test_everything_planned_is_sent_once(shop) -> None:
    """All windows are sent in order, and delivering again sends nothing."""
    shop.plan_numbers(10)
    report = shop.deliver()
    assert (report.accepted, report.left, report.trouble) == (10, 0, "")
    assert report.told() == "10 accepted"
    assert shop.sent() == [f"key{number}" for number in range(10)]
    assert queues_with_work(shop.ledger) == []
    assert shop.deliver().told() == "nothing to send"


def test_batches_are_as_large_as_the_destination_takes(shop) -> None:
    """A window of 4 goes out in batches of 3 and 1."""
    shop.offer(batch=3)
    shop.plan_numbers(8)
    shop.deliver()
    assert shop.double.calls == 4


def test_kept_bytes_go_once_the_outcome_is_final(shop) -> None:
    """Nothing of a message's body stays in the ledger after its outcome."""
    shop.plan_numbers(3)
    shop.deliver()
    with shop.ledger.read() as connection:
        assert connection.execute(tables.renderings.select()).first() is None


@pytest.mark.parametrize(
    ("suppression", "purpose", "state"),
    [
        (Suppression("PERSON0@shop.example ", "email", "default"), Purpose.MARKETING, "returned"),
        (Suppression("person0@shop.example", "email", "default", "marketing"), Purpose.MARKETING, "returned"),
        (Suppression("person0@shop.example", "email", "default", "marketing"), Purpose.TRANSACTIONAL, "accepted"),
        (Suppression("person0@shop.example", "email", "default"), Purpose.TRANSACTIONAL, "returned"),
        (Suppression("person0@shop.example", "email", "other"), Purpose.MARKETING, "accepted"),
        (Suppression("person0@shop.example", "sms", "default"), Purpose.MARKETING, "accepted"),
        (Suppression("person0@shop.example", "all", "all"), Purpose.MARKETING, "returned"),
    ],
)
def test_suppression_is_read_at_the_moment_of_sending(shop, suppression, purpose, state) -> None:
    """An objection that came after planning stops exactly what it covers."""
    shop.plan_numbers(2, purpose=purpose)
    suppressions.suppress(shop.ledger, [suppression])
    shop.deliver()
    assert shop.states(2) == [state, "accepted"]


def test_a_lifted_suppression_no_longer_stops(shop) -> None:
    """Lifting takes effect at once."""
    shop.plan_numbers(1)
    found = Suppression("person0@shop.example", "email", "default")
    suppressions.suppress(shop.ledger, [found])
    suppressions.lift(shop.ledger, [found])
    assert shop.deliver().accepted == 1


@pytest.mark.parametrize("scope", ["all", "trigger:welcome", "channel:email", "brand:default"])
def test_a_pause_sends_messages_back(shop, scope) -> None:
    """What is paused goes back to the decision with that reason."""
    shop.plan_numbers(1)
    pauses.pause(shop.ledger, scope, "a mistake in the text")
    shop.deliver()
    assert shop.states(1) == ["returned"]
    assert shop.reasons()["key0"] == "paused"


def test_a_pause_of_something_else_stops_nothing(shop) -> None:
    """A pause holds in its scope only."""
    shop.plan_numbers(1)
    pauses.pause(shop.ledger, "trigger:other", "test")
    assert shop.deliver().accepted == 1


def test_the_window_is_read_at_the_moment_of_sending(shop) -> None:
    """A message whose time passed while its queue was being sent goes back."""
    shop.plan_numbers(8, send_not_after=shop.ledger.clock.now() + timedelta(minutes=1))
    shop.double.faults = [None, lambda _batch: shop.ledger.clock.advance(timedelta(minutes=1))]
    shop.deliver()
    assert shop.states(8) == ["accepted"] * 4 + ["returned"] * 4
    assert shop.reasons()["key7"] == "window_passed"


def test_a_rendering_fault_rejects_that_message_alone(shop) -> None:
    """The others of the window are sent."""
    shop.renderer.broken = {"broken"}
    shop.plan(shop.message(0), shop.message(1, template="broken"), shop.message(2))
    report = shop.deliver()
    assert shop.states(3) == ["accepted", "rejected", "accepted"]
    assert shop.reasons()["key1"].startswith("rendering")
    assert report.rejected == ["key1"]


def test_a_gap_in_the_settings_holds_up_nobody_else(shop) -> None:
    """A message whose sender is not configured waits, the task is red and names it, and the others go out."""
    shop.plan(shop.message(0, sender="nobody"), shop.message(1))
    report = shop.deliver()
    assert shop.states(2) == ["planned", "accepted"]
    with pytest.raises(DeliveryError, match="no sender `nobody`"):
        require_delivered([report])
    shop.ledger.clock.advance(timedelta(hours=5))
    shop.deliver()
    assert shop.states(1) == ["returned"]


def test_a_destination_that_is_away_for_a_moment_is_called_again(shop) -> None:
    """An unreachable destination is tried again after growing waits, with the same bytes."""
    shop.plan_numbers(1)
    shop.double.faults = [UnreachableError("away"), UnreachableError("away")]
    assert shop.deliver().accepted == 1
    assert shop.waits == [0.5, 1.0]
    assert shop.renderer.times == 1


def test_a_destination_that_stays_away_leaves_everything_planned(shop) -> None:
    """After bounded tries nothing is lost or counted against a message: all of it waits, and the task is red."""
    shop.plan_numbers(6)
    shop.double.faults = [UnreachableError("away")] * 3
    report = shop.deliver()
    assert (report.trouble, report.left, report.accepted, report.put_back) == ("unreachable", 6, 0, 4)
    assert shop.states(6) == ["planned"] * 6
    with pytest.raises(DeliveryError, match=r"6 messages .* double \(unreachable\)"):
        require_delivered([report])
    assert shop.deliver().accepted == 6


def test_a_destination_that_cannot_be_opened_claims_nothing(shop) -> None:
    """No window is taken before there is a connection."""
    shop.plan_numbers(2)
    shop.double.open_faults = [UnreachableError("away")] * 3
    report = shop.deliver()
    assert (report.trouble, report.left, report.put_back) == ("unreachable", 2, 0)
    assert report.told() == "2 left (unreachable)"


def test_what_waited_too_long_for_a_destination_goes_back(shop) -> None:
    """A message that could not be sent in its time is returned, even while the destination stays away."""
    shop.plan_numbers(6)
    shop.double.faults = [UnreachableError("away")] * 3
    shop.deliver()
    shop.ledger.clock.advance(timedelta(hours=5))
    shop.double.open_faults = [UnreachableError("away")] * 3
    assert shop.deliver().expired == 6
    assert shop.states(6) == ["returned"] * 6


def test_a_throttled_call_waits_as_long_as_it_is_told(shop) -> None:
    """The destination's own figure is honoured."""
    shop.plan_numbers(1)
    shop.double.faults = [ThrottledError("slower", retry_after=7)]
    assert shop.deliver().accepted == 1
    assert shop.waits == [7]


def test_a_long_throttle_ends_the_delivery(shop) -> None:
    """Nobody sleeps for an hour under a lease: the rest stays planned."""
    shop.plan_numbers(1)
    shop.double.faults = [ThrottledError("slower", retry_after=3600)]
    report = shop.deliver()
    assert (report.trouble, shop.waits, shop.states(1)) == ("throttled", [], ["planned"])


def test_a_lost_answer_is_held(shop, raising) -> None:
    """Marketing whose answer was lost is listed as unknown and never sent again by itself."""
    shop.plan_numbers(2)
    shop.double.faults = [raising(AnswerLostError("reset"))]
    assert shop.deliver().doubtful == ["key0"]
    assert shop.states(2) == ["unknown", "accepted"]
    assert shop.deliver().resent == 0
    assert [doubt.message_key for doubt in status(shop.ledger).doubtful] == ["key0"]
    assert shop.sent() == ["key0", "key1"]


def test_a_lost_answer_is_sent_again_where_policy_says_so(shop, raising) -> None:
    """A transactional message whose answer was lost goes out with the next delivery."""
    shop.plan_numbers(1, on_unknown=OnUnknown.RESEND)
    shop.double.faults = [raising(AnswerLostError("reset"))]
    shop.deliver()
    assert shop.states(1) == ["unknown"]
    report = shop.deliver()
    assert (report.resent, report.accepted) == (1, 1)
    assert shop.sent() == ["key0", "key0"]
    assert status(shop.ledger).doubtful == []


def test_a_repeat_by_policy_is_bounded(shop, raising) -> None:
    """After five lost answers nobody tries any more; the message stays listed."""
    shop.plan_numbers(1, on_unknown=OnUnknown.RESEND)
    for _ in range(8):
        shop.double.faults = [raising(AnswerLostError("reset"))]
        shop.deliver()
    assert len(shop.sent()) == 5
    assert shop.states(1) == ["unknown"]


@pytest.mark.parametrize("scope", [IdempotencyScope.MESSAGE, IdempotencyScope.REQUEST])
def test_a_lost_answer_is_asked_for_again_where_repeats_are_noticed(shop, raising, scope) -> None:
    """With idempotency the same bytes go again at once, and one message arrives."""
    shop.offer(idempotency=Idempotency(scope, DAY), batch=2)
    shop.plan_numbers(2)
    shop.double.faults = [raising(AnswerLostError("reset"))]
    assert shop.deliver().accepted == 2
    assert shop.sent() == ["key0", "key1"]


@pytest.mark.parametrize("scope", [IdempotencyScope.MESSAGE, IdempotencyScope.REQUEST])
@pytest.mark.parametrize(("hours", "arrives"), [(20, True), (23, False)])
def test_the_same_bytes_go_again_inside_the_lifetime_only(shop, raising, scope, hours, arrives) -> None:
    """Within the lifetime less its margin a later delivery settles the doubt; after it the message is held."""
    shop.offer(idempotency=Idempotency(scope, DAY), batch=2)
    shop.plan_numbers(4)
    shop.double.faults = [raising(AnswerLostError("reset"))] * 3
    shop.deliver()
    first = shop.sent()
    assert shop.states(4) == ["unknown", "unknown", "accepted", "accepted"]
    rendered = shop.renderer.times
    shop.real_time.pass_by(hours=hours)
    assert shop.deliver().resent == (2 if arrives else 0)
    assert shop.states(4)[:2] == (["accepted"] * 2 if arrives else ["unknown"] * 2)
    assert shop.sent() == first
    assert shop.renderer.times == rendered


def test_the_lifetime_counts_from_the_first_call(shop, raising) -> None:
    """A repeat that is lost too does not prolong what the destination promised for the first."""
    shop.offer(idempotency=Idempotency(IdempotencyScope.MESSAGE, DAY))
    shop.plan_numbers(1)
    for _ in range(2):
        shop.double.faults = [raising(AnswerLostError("reset"))] * 3
        shop.deliver()
        shop.real_time.pass_by(hours=12)
    assert shop.deliver().resent == 0
    assert shop.states(1) == ["unknown"]


def test_a_request_goes_again_whole_or_not_at_all(shop, raising) -> None:
    """If one message of a batch may no longer go out, the batch is not repeated, and all of it stays listed."""
    shop.offer(idempotency=Idempotency(IdempotencyScope.REQUEST, DAY), batch=2)
    shop.plan_numbers(2)
    shop.double.faults = [raising(AnswerLostError("reset"))] * 3
    shop.deliver()
    calls = shop.double.calls
    suppressions.suppress(shop.ledger, [Suppression("person1@shop.example", "email", "default")])
    shop.deliver()
    assert shop.double.calls == calls
    assert shop.states(2) == ["unknown", "unknown"]


def test_a_request_that_goes_again_is_not_cut_by_a_window(shop, raising) -> None:
    """Where a window would end inside a batch that is repeated, it ends before it: cut, it would be another request."""
    shop.offer(idempotency=Idempotency(IdempotencyScope.REQUEST, DAY), batch=2, window=3)
    shop.plan_numbers(2)
    shop.double.faults = [raising(AnswerLostError("reset"))] * 3
    shop.deliver()
    shop.plan(shop.message(2), shop.message(3))
    assert shop.deliver().accepted == 4
    assert sorted(shop.sent()) == ["key0", "key1", "key2", "key3"]


def test_a_doubtful_message_is_never_called_unsent(shop, raising) -> None:
    """An unknown message that may not be repeated stays unknown: `returned` would have it decided again."""
    shop.plan_numbers(1, on_unknown=OnUnknown.RESEND)
    shop.double.faults = [raising(AnswerLostError("reset"))]
    shop.deliver()
    pauses.pause(shop.ledger, "all", "test")
    shop.deliver()
    assert shop.states(1) == ["unknown"]
    pauses.resume(shop.ledger, "all")
    shop.double.faults = [UnreachableError("away")] * 3
    shop.deliver()
    assert shop.states(1) == ["unknown"]
    assert shop.deliver().accepted == 1


def test_a_refused_batch_is_divided_until_the_culprit_is_alone(shop) -> None:
    """One bad message does not take the others with it."""
    shop.offer(batch=4)
    shop.double.poison = {"person2@shop.example": BatchRefusedError("an address is malformed")}
    shop.plan_numbers(4)
    shop.deliver()
    assert shop.states(4) == ["accepted", "accepted", "rejected", "accepted"]
    assert shop.reasons()["key2"] == "an address is malformed"
    assert shop.sent() == ["key0", "key1", "key3"]


def test_refused_credentials_stop_the_destination(shop) -> None:
    """The rest stays planned, and the task is red for that reason."""
    shop.plan_numbers(6)
    shop.double.faults = [None, CredentialsRefusedError("no")]
    report = shop.deliver()
    assert (report.trouble, report.accepted, report.left) == ("credentials_refused", 1, 5)
    assert shop.states(6) == ["accepted"] + ["planned"] * 5
    with pytest.raises(CredentialsRefusedError, match="double"):
        require_delivered([report])


def test_a_message_without_an_answer_is_unknown(shop) -> None:
    """What a reply leaves out, and what it says of strangers, is no outcome."""
    shop.offer(batch=4)
    shop.plan_numbers(3)
    answer = shop.double.send
    shop.double.send = lambda batch: [*answer(batch)[:1], Outcome("key2", State.PLANNED), Outcome("x", State.ACCEPTED)]
    shop.deliver()
    assert shop.states(3) == ["accepted", "unknown", "unknown"]
    assert shop.reasons()["key2"] == "no_answer"


def test_a_failed_message_is_tried_in_later_deliveries_and_then_given_up(shop) -> None:
    """A message that fails alone gets five attempts, one per delivery."""
    shop.plan_numbers(1)
    shop.double.send = lambda batch: [Outcome(item.message_key, State.FAILED, "greylisted") for item in batch]
    for _ in range(4):
        shop.deliver()
        assert shop.states(1) == ["planned"]
    shop.deliver()
    assert shop.states(1) == ["failed"]
    assert shop.plan(shop.message(0)).known == 1
    assert shop.plan(shop.message(0, decision_id="another")).planned == 1


def test_a_fault_of_the_adapter_leaves_its_batch_unknown(shop, raising) -> None:
    """An error that no contract names is raised; what it leaves open is listed, and the rest waits."""
    shop.plan_numbers(3)
    shop.double.faults = [None, raising(KeyError("id"))]
    with pytest.raises(KeyError):
        shop.deliver()
    assert shop.states(3) == ["accepted", "unknown", "planned"]
    assert shop.deliver().accepted == 1


def test_a_stop_is_obeyed_between_batches(shop) -> None:
    """Asked to stop, the worker settles what it has begun, puts the rest back and gives the queue up."""
    shop.plan_numbers(6)
    stop = threading.Event()
    shop.double.faults = [None, lambda _batch: stop.set()]
    report = shop.deliver(stop=stop)
    assert (report.accepted, report.left, report.trouble) == (2, 4, "stopped")
    require_delivered([report])
    assert status(shop.ledger).leases == []
    assert shop.deliver().accepted == 4


def test_a_ledger_that_is_full_after_the_call_lists_the_window(shop) -> None:
    """What cannot be recorded is not forgotten: the next delivery lists it, and none of it is sent again."""
    shop.offer(batch=4)
    shop.plan_numbers(6)

    def fill_up(name: str) -> None:
        if name == "after_call":
            with shop.ledger.engine.connect() as connection:
                pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    shop.double.send = _verbose(shop.double.send)
    with pytest.raises(LedgerUnavailableError, match="no room left"):
        shop.deliver(checkpoint=fill_up)
    with shop.ledger.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    shop.real_time.pass_by(minutes=10)
    report = shop.deliver()
    assert (report.settled_for_others, report.accepted) == (4, 2)
    assert [doubt.message_key for doubt in status(shop.ledger).doubtful] == ["key0", "key1", "key2", "key3"]
    assert len(shop.sent()) == len(set(shop.sent()))


def _verbose(send):
    """A destination whose answers need new pages of the ledger."""
    return lambda batch: [Outcome(item.message_key, item.state, "x" * 5000) for item in send(batch)]


def test_a_queue_has_one_worker(shop) -> None:
    """A second worker is told who has it."""
    shop.plan_numbers(1)
    leases.acquire(shop.ledger, "queue:double:batch:0", "the other")
    with pytest.raises(BusyError, match="the other"):
        shop.deliver()


def test_a_repeat_that_became_needless_is_not_sent(shop) -> None:
    """A worker that overslept answers after its successor has planned the repeat, and before it is sent."""
    shop.plan_numbers(1, on_unknown=OnUnknown.RESEND)
    stopped = threading.Event()
    stopped.set()

    def oversleep(_batch: object) -> None:
        shop.real_time.pass_by(minutes=10)
        assert shop.deliver(stop=stopped).resent == 1

    shop.double.faults = [oversleep]
    assert shop.deliver().accepted == 1
    assert shop.deliver().accepted == 1
    assert shop.reasons()["key0"] == "earlier_attempt"
    assert shop.sent() == ["key0"]


def test_a_call_begins_only_if_the_lease_outlasts_it(shop) -> None:
    """A slow window renews its lease before it would lapse."""
    shop.offer(timeout=20.0)
    shop.plan_numbers(4)
    deadlines = []

    def look(name: str) -> None:
        if name == "before_call":
            shop.real_time.pass_by(seconds=40)
        elif name == "after_call":
            deadlines.append(status(shop.ledger).leases[0].deadline - shop.real_time.instant)

    assert shop.deliver(checkpoint=look).accepted == 4
    assert min(deadlines) >= timedelta(seconds=25)


def test_logs_hold_no_personal_data(shop, caplog, raising) -> None:
    """Neither an address nor a body nor a destination's words reach the log."""
    caplog.set_level(logging.DEBUG, logger="activation")
    shop.plan_numbers(2)
    shop.double.faults = [raising(AnswerLostError("person0@shop.example reset"))]
    shop.deliver()
    assert caplog.records
    assert "@" not in caplog.text
