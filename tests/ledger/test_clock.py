from datetime import datetime, timedelta
from pathlib import Path

import pytest

from activation.errors import ConfigError
from activation.ledger import Ledger, open_ledger
from activation.ledger.clock import utc_now
from activation.settings import Settings

INSTANT = datetime(2026, 3, 1, 9)


def test_simulation_stands_still_until_it_is_advanced(ledger: Ledger) -> None:
    """The business instant moves only when it is moved, and is the same for every process."""
    assert ledger.clock.now() == INSTANT
    assert ledger.clock.advance(timedelta(hours=2)) == INSTANT + timedelta(hours=2)
    assert ledger.clock.now() == INSTANT + timedelta(hours=2)


def test_simulation_cannot_go_back(ledger: Ledger) -> None:
    """An earlier instant is refused."""
    with pytest.raises(ConfigError, match="cannot go back"):
        ledger.clock.set(INSTANT - timedelta(seconds=1))


def test_unset_simulation_says_what_to_do(settings: Settings) -> None:
    """A simulation that was never started names the command that starts it."""
    with open_ledger(settings) as ledger, pytest.raises(ConfigError, match="activation simulate"):
        ledger.clock.now()


def test_clock_of_a_real_shop_cannot_be_moved(tmp_path: Path) -> None:
    """Outside the simulation the instant is real time, and nobody sets it."""
    settings = Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "production"})
    with open_ledger(settings) as ledger:
        assert abs(ledger.clock.now() - utc_now()) < timedelta(seconds=30)
        with pytest.raises(ConfigError, match="simulation"):
            ledger.clock.set(INSTANT)
        with pytest.raises(ConfigError, match="simulation"):
            ledger.clock.advance(timedelta(hours=1))


def test_lease_time_is_real_in_the_simulation(ledger: Ledger, real_time) -> None:
    """A lease says whether a process lives, not what day it is in the simulated shop."""
    assert ledger.clock.lease_now() == real_time.instant
