import shutil
from pathlib import Path

import pytest

from activation.errors import LedgerBehindError
from activation.ledger import Ledger, claims, leases, open_ledger, pauses, runs, suppressions
from activation.ledger.approvals import Answer, Approval, answer, answers
from activation.ledger.attempts import queues_with_work
from activation.ledger.export import export_changes
from activation.ledger.feedback import Feedback, record_feedback
from activation.ledger.leases import queue_lease
from activation.ledger.operations import status
from activation.ledger.outcomes import Settled, record
from activation.ledger.recovery import Copy, check_not_behind, recover
from activation.ledger.suppressions import Suppression
from activation.model import RunMode, State
from activation.settings import Settings

QUEUE = "inbox:batch:0"


def _copy(ledger: Ledger) -> tuple[dict, Copy]:
    tables: dict[str, list[dict]] = {}
    for table, batch in export_changes(ledger):
        tables.setdefault(table, []).extend(batch.to_pylist())
    (mark,) = tables.pop("marks")
    return mark, Copy(**tables)


def _settle(ledger: Ledger, count: int, state: State) -> None:
    lease = leases.acquire(ledger, queue_lease(QUEUE))
    attempts = claims.waiting(ledger, QUEUE, count, 10**9)
    with ledger.write() as writing:
        claim = claims.take(writing, lease, lease.deadline, attempts, ledger.clock.now())
        record(writing, [Settled(attempt, state) for attempt in attempts], ledger.clock.now())
        claims.close(writing, claim.sequence, ledger.clock.now())
    leases.release(ledger, lease)


@pytest.fixture
def fresh(tmp_path: Path, ledger: Ledger):
    """A new ledger in the place of a lost one."""
    home = tmp_path / "fresh"
    settings = Settings.from_environ({"ACTIVATION_HOME": str(home), "ACTIVATION_ENVIRONMENT": "simulation"})
    with open_ledger(settings) as opened:
        opened.clock.set(ledger.clock.now())
        yield opened


def test_a_first_ledger_and_a_current_one_may_go_on(ledger: Ledger, put, make_message) -> None:
    """Without a copy, and with a copy of itself, nothing is amiss."""
    check_not_behind(ledger, None)
    mark, _ = _copy(ledger)
    put([make_message(0)])
    check_not_behind(ledger, mark)


def test_a_lost_ledger_is_noticed_and_recovered(ledger: Ledger, fresh: Ledger, put, make_message) -> None:
    """A new ledger refuses until it has taken over the copy; then it knows all that was sent, and sends none again."""
    put([make_message(number) for number in range(6)])
    _settle(ledger, 3, State.ACCEPTED)
    runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)
    suppressions.suppress(ledger, [Suppression("a@shop.example", "email", "default")])
    pauses.pause(ledger, "all", "test")
    answer(ledger, Approval("welcome", "d1", Answer.APPROVE, "Lena", 412))
    record_feedback(ledger, [Feedback("f", "delivered", "email", ledger.clock.now(), "key0")])
    mark, copy = _copy(ledger)
    with pytest.raises(LedgerBehindError, match="activation ledger recover"):
        check_not_behind(fresh, mark)

    report = recover(fresh, mark, copy)

    check_not_behind(fresh, mark)
    found = status(fresh)
    assert found.states == {"accepted": 2, "delivered": 1, "unknown": 3}
    assert [doubt.message_key for doubt in found.doubtful] == ["key3", "key4", "key5"]
    assert (report.messages, report.doubtful) == (6, 3)
    assert queues_with_work(fresh) == []
    assert found.pauses == {"all": "test"}
    assert answers(fresh, "welcome") == answers(ledger, "welcome") != {}
    assert suppressions.suppress(fresh, [Suppression("a@shop.example", "email", "default")]) == 0
    assert record_feedback(fresh, [Feedback("f", "delivered", "email", fresh.clock.now(), "key0")]) == 0
    assert runs.start_run(fresh, "batch", RunMode.ANALYSIS).run_id == 2
    assert fresh.high_water_mark() > mark["high_water_mark"]
    newer, _ = _copy(fresh)
    check_not_behind(fresh, newer)


def test_recovering_twice_changes_nothing_more(ledger: Ledger, fresh: Ledger, put, make_message) -> None:
    """A recovery that is repeated finds everything there."""
    put([make_message(number) for number in range(3)])
    suppressions.suppress(ledger, [Suppression("a@shop.example", "email", "default")])
    mark, copy = _copy(ledger)
    recover(fresh, mark, copy)
    states = status(fresh).states
    again = recover(fresh, mark, copy)
    assert (again.messages, again.other_rows) == (0, 0)
    assert status(fresh).states == states
    check_not_behind(fresh, mark)


def test_a_rolled_back_ledger_is_noticed_and_recovered(
    ledger: Ledger, settings: Settings, put, make_message, tmp_path: Path
) -> None:
    """A restored backup knows less than the copy: what it still holds planned is never sent by itself, and a yes of
    the lost ledger does not outdo a later no."""
    put([make_message(number) for number in range(4)])
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(settings.home / "ledger.sqlite", tmp_path / "backup.sqlite")
    answer(ledger, Approval("welcome", "d1", Answer.APPROVE, "Lena", 412))
    _settle(ledger, 2, State.ACCEPTED)
    suppressions.suppress(ledger, [Suppression("a@shop.example", "email", "default")])
    mark, copy = _copy(ledger)
    other = Settings.from_environ(
        {"ACTIVATION_ENVIRONMENT": "simulation", "ACTIVATION_LEDGER_URL": f"sqlite:///{tmp_path / 'backup.sqlite'}"}
    )
    with open_ledger(other) as restored:
        with pytest.raises(LedgerBehindError, match="stands at 4"):
            check_not_behind(restored, mark)
        # Somebody says no, and somebody objects before anyone notices, under numbers that the lost changes had.
        answer(restored, Approval("welcome", "d1", Answer.REFUSE, "Ada", 412))
        suppressions.suppress(restored, [Suppression(f"{n}@shop.example", "email", "default") for n in range(9)])
        recover(restored, mark, copy)
        check_not_behind(restored, mark)
        assert status(restored).states == {"accepted": 2, "unknown": 2}
        assert queues_with_work(restored) == []
        assert answers(restored, "welcome")["d1"].verdict is Answer.REFUSE
        everyone = [f"{name}@shop.example" for name in ["a", *range(9)]]
        with restored.read() as connection:
            assert len(suppressions.in_force(connection, everyone)) == 10
