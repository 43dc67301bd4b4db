from datetime import timedelta

import pytest

from activation.errors import RunRefusedError
from activation.ledger import Ledger, runs
from activation.model import RunMode


def test_run_numbers_rise_over_all_lanes(ledger: Ledger) -> None:
    """Every run has a higher number than those before it."""
    numbers = [runs.start_run(ledger, lane, RunMode.ANALYSIS).run_id for lane in ("batch", "fast", "batch")]
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_live_run_is_about_now(ledger: Ledger, minutes: int) -> None:
    """A live run of the past or the future is refused; an analysis of the past is not."""
    as_of = ledger.clock.now() + timedelta(minutes=minutes)
    with pytest.raises(RunRefusedError, match="15 minutes"):
        runs.start_run(ledger, "batch", RunMode.LIVE, as_of)
    assert runs.start_run(ledger, "batch", RunMode.ANALYSIS, as_of).as_of == as_of


def test_an_analysis_announces_nothing(ledger: Ledger) -> None:
    """Only live runs are announced."""
    run = runs.start_run(ledger, "batch", RunMode.ANALYSIS)
    with pytest.raises(RunRefusedError, match="no live run"):
        runs.announce(ledger, run.run_id)
    with pytest.raises(RunRefusedError, match="no run 99"):
        runs.announce(ledger, 99)


def test_only_the_newest_announced_run_of_a_lane_may_send(ledger: Ledger) -> None:
    """A run may send from its announcement until the next one's; other lanes do not matter."""
    first = runs.start_run(ledger, "batch", RunMode.LIVE)
    with pytest.raises(RunRefusedError, match="none was announced"):
        runs.assert_may_send(ledger, first)
    runs.announce(ledger, first.run_id)
    second = runs.start_run(ledger, "batch", RunMode.LIVE)
    runs.announce(ledger, runs.start_run(ledger, "fast", RunMode.LIVE).run_id)
    runs.assert_may_send(ledger, first)
    announced = runs.announce(ledger, second.run_id)
    assert runs.newest_live(ledger, "batch") == announced == runs.find_run(ledger, second.run_id)
    with pytest.raises(RunRefusedError, match="newest announced is 2"):
        runs.assert_may_send(ledger, first)


def test_announcing_again_changes_nothing(ledger: Ledger) -> None:
    """A repeated hand-over keeps the first announcement's time."""
    run = runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)
    ledger.clock.advance(timedelta(minutes=1))
    assert runs.announce(ledger, run.run_id) == run


def test_history_ends_with_the_first_live_run(ledger: Ledger) -> None:
    """Whether anything ever went live is known."""
    runs.start_run(ledger, "batch", RunMode.LIVE)
    assert not runs.has_live_run(ledger)
    runs.announce(ledger, 1)
    assert runs.has_live_run(ledger)
