"""Days that pass one by one: a day is lived, the system runs, and the next day feels what was sent."""

from datetime import datetime, timedelta

import pytest

from activation import simulation
from activation.app import App
from activation.config import Config
from activation.errors import ConfigError
from activation.settings import Settings

END = datetime(2026, 3, 2, 6)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Shop", "site_url": "https://shop.example"}},
        "senders": {"shop": {"name": "Shop", "address": "shop@shop.example"}},
        "destinations": {"double": {"kind": "double", "channel": "email"}},
    }
)


@pytest.fixture
def app(tmp_path):
    environ = {"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "simulation"}
    with App(Settings.from_environ(environ), CONFIG) as opened:
        simulation.create_shop(opened, customers=100, days=5, seed=3, until=END)
        yield opened


def test_a_day_is_lived_and_then_the_system_runs(app):
    """The clock stands at the day's end when the system runs; the first run launches before any day passes."""
    seen = []

    def run():
        seen.append(app.ledger.clock.now())
        return {"accepted": 3, "planned": 4, "rows_loaded": 5, "blocks": 0}

    lines = list(simulation.live_days(app, 3, run))
    assert seen == [END + timedelta(days=day) for day in range(4)]
    assert [line["day"] for line in lines] == [0, 1, 2, 3]
    assert [line["until"] for line in lines] == [instant.isoformat() for instant in seen]
    assert lines[0]["events"] == 0
    assert all(line["events"] > 0 and line["messages"] == 3 and line["planned"] == 4 for line in lines[1:])


def test_the_shop_lives_on_in_its_scenario(tmp_path):
    """The scenario that a shop was made with is kept with it."""
    environ = {"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "simulation"}
    with App(Settings.from_environ(environ), CONFIG) as app:
        simulation.create_shop(app, customers=200, days=5, seed=3, until=END, scenario="sale")
        orders = [simulation.advance_shop(app, timedelta(days=1))["visits"] for _ in range(3)]
    assert orders[2] > 1.3 * orders[0]


def test_only_a_simulation_has_such_days(tmp_path):
    """Elsewhere no day is made up."""
    environ = {"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "production"}
    with (
        App(Settings.from_environ(environ), CONFIG) as app,
        pytest.raises(ConfigError, match="only a simulation"),
    ):
        next(simulation.live_days(app, 1, dict))
