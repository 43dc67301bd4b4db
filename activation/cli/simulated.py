"""The simulated world: the demo shop and its inbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from activation.cli.main import JSON, counts, duration, main, opened, say

# As in `activation.simulator.scenario`, which need not be imported to show the help.
SCENARIOS, DEFAULT = ("clean", "messy", "sale", "outage"), "messy"


@main.command()
@click.option("--customers", default=2000, show_default=True, type=click.IntRange(min=1), help="People at the start.")
@click.option("--days", default=120, show_default=True, type=click.IntRange(min=1), help="Days of history.")
@click.option("--seed", default=7, show_default=True, help="The same seed makes the same shop.")
@click.option("--until", type=click.DateTime(), help="The instant at which the history ends, UTC.")
@click.option("--scenario", default=DEFAULT, show_default=True, type=click.Choice(SCENARIOS), help="What goes wrong.")
@click.option("--advance", help="Let the shop live on for this long, for example 1d, given what was sent.")
@click.option("--run-days", type=click.IntRange(min=1), help="So many times: let a day pass, run the whole system.")
@JSON
def simulate(
    customers: int, days: int, seed: int, until: datetime | None, scenario: str, advance: str | None,
    run_days: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Make the demo shop, or let it live on; only in the environment `simulation`.

    \b
    Example: ACTIVATION_ENVIRONMENT=simulation activation simulate --customers 2000
             ACTIVATION_ENVIRONMENT=simulation activation simulate --advance 1d
             ACTIVATION_ENVIRONMENT=simulation activation simulate --run-days 30 --json
    """
    from activation import operations, simulation

    if advance and run_days:
        raise click.UsageError("Say --advance or --run-days, not both.")
    with opened() as app:
        if run_days:
            for line in simulation.live_days(app, run_days, lambda: operations.run_all(app, _say_nothing)):
                say(line, as_json, _day)
            return
        if advance:
            result = simulation.advance_shop(app, duration(advance))
        else:
            result = simulation.create_shop(
                app, customers=customers, days=days, seed=seed, until=until, scenario=scenario
            )
    say(result, as_json, counts("Simulated"))


def _say_nothing(_: str) -> None:
    """A line per day is enough."""


def _day(line: Mapping[str, Any]) -> str:
    return (
        f"Day {line['day']:>3} {line['until'][:10]}: {line['events']:>6} events, {line['orders']:>4} orders, "
        f"{line['messages']:>4} messages, {line['unsubscribed']:>3} unsubscribed, {line['blocks']} blocks"
    )


@main.command()
@click.option("--smtp-port", default=2525, show_default=True, type=click.IntRange(0, 65535))
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="Of its page.")
def inbox(smtp_port: int, port: int) -> None:
    """The demo's inbox: an SMTP server on 127.0.0.1 that keeps what it gets, with a page to look at it.

    \b
    Example: activation inbox
    """
    from activation import simulation

    with opened() as app:
        click.echo(f"SMTP on 127.0.0.1:{smtp_port}, page on http://127.0.0.1:{port}", err=True)
        simulation.run_inbox(app, smtp_port, port)
