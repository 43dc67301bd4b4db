"""The simulated world around the application: its shop, its clock and its inbox."""

from datetime import datetime, timedelta

from activation.app import App
from activation.errors import ConfigError
from activation.ledger.accepted import accepted_since
from activation.model import Environment
from activation.simulator.effects import DeliveredMessage
from activation.simulator.shop import Shop, ShopReport

START = datetime(2026, 3, 2, 6, 0)


def create_shop(app: App, *, customers: int, days: int, seed: int, until: datetime | None) -> dict[str, int]:
    """Write the shop's history into the landing folder and set the clock to its end."""
    _refuse_outside(app)
    end = until or START
    report = Shop(app.settings.home).create(end=end, customers=customers, days=days, seed=seed)
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
