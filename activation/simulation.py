"""The simulated world around the application: its shop, its clock and its inbox."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from activation.app import App
from activation.errors import ConfigError, RunRefusedError
from activation.ledger.accepted import accepted_since
from activation.model import Environment
from activation.simulator.effects import DeliveredMessage
from activation.simulator.scenario import DEFAULT
from activation.simulator.shop import Shop, ShopReport

# A Monday, at an hour at which Europe and the Americas may be written to, and Australia may not.
START = datetime(2026, 3, 2, 16, 0)
DAY = timedelta(days=1)


def create_shop(
    app: App, *, customers: int, days: int, seed: int, until: datetime | None, scenario: str = DEFAULT
) -> dict[str, int]:
    """Write the shop's history into the landing folder and set the clock to its end."""
    _refuse_outside(app)
    end = until or START
    report = Shop(app.settings.home).create(end=end, customers=customers, days=days, seed=seed, scenario=scenario)
    app.ledger.clock.set(end)
    return _counts(report)


def advance_shop(app: App, length: timedelta) -> dict[str, int]:
    """Let the shop live on, given what was delivered since its present, and move the clock along."""
    _refuse_outside(app)
    shop = Shop(app.settings.home)
    since = shop.instant
    delivered = [
        DeliveredMessage(
            message_key=found.message_key,
            customer_id=found.customer_id,
            trigger_id=found.trigger_id,
            purpose=found.purpose,
            channel=found.channel,
            accepted_at=found.accepted_at,
        )
        for found in accepted_since(app.ledger, since)
    ]
    report = shop.advance(to=since + length, delivered=delivered)
    app.ledger.clock.set(since + length)
    return _counts(report)


def live_days(app: App, days: int, run: Callable[[], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Let days pass one by one, run the system after each, and let people feel what was sent on the next.

    `run` runs the whole system once and returns its counts. Before the first live run there is one day more, number 0:
    it launches the triggers on what lies before, which no time passes for. Yields one line per day.
    """
    _refuse_outside(app)
    if not _is_launched(app):
        yield _line(0, app, {}, run())
    for day in range(1, days + 1):
        lived = advance_shop(app, DAY)
        yield _line(day, app, lived, run())


def _is_launched(app: App) -> bool:
    try:
        app.newest_run()
    except RunRefusedError:
        return False
    return True


def _line(day: int, app: App, lived: Mapping[str, int], result: Mapping[str, Any]) -> dict[str, Any]:
    """What a day came to: what people did under yesterday's messages, and what was sent today."""
    return {
        "day": day,
        "until": app.ledger.clock.now().isoformat(),
        "events": lived.get("events", 0),
        "orders": lived.get("orders", 0),
        "unsubscribed": lived.get("unsubscribed", 0),
        "rows_loaded": result.get("rows_loaded", 0),
        "planned": result.get("planned", 0),
        "messages": result.get("accepted", 0),
        "blocks": result.get("blocks", 0),
    }


def run_inbox(app: App, smtp_port: int, page_port: int) -> None:
    """Serve the inbox until interrupted."""
    from activation.simulator.inbox import run_inbox as run

    run(app.settings.inbox_path, smtp_port, page_port)


def _counts(report: ShopReport) -> dict[str, int]:
    return {**report.rows, **report.counts}


def _refuse_outside(app: App) -> None:
    if app.settings.environment is not Environment.SIMULATION:
        raise ConfigError(
            f"The environment is {app.settings.environment}, and only a simulation may be simulated.",
            "Set ACTIVATION_ENVIRONMENT=simulation, with an ACTIVATION_HOME of its own.",
        )
