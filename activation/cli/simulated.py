"""The simulated world: the demo shop and its inbox."""

from datetime import datetime

import click

from activation.cli.main import JSON, counts, duration, main, opened, say


@main.command()
@click.option("--customers", default=2000, show_default=True, type=click.IntRange(min=1), help="People at the start.")
@click.option("--days", default=120, show_default=True, type=click.IntRange(min=1), help="Days of history.")
@click.option("--seed", default=7, show_default=True, help="The same seed makes the same shop.")
@click.option("--until", type=click.DateTime(), help="The instant at which the history ends, UTC.")
@click.option("--advance", help="Let the shop live on for this long, for example 1d, given what was sent.")
@JSON
def simulate(customers: int, days: int, seed: int, until: datetime | None, advance: str | None, as_json: bool) -> None:
    """Make the demo shop, or let it live on; only in the environment `simulation`.

    \b
    Example: ACTIVATION_ENVIRONMENT=simulation activation simulate --customers 2000
             ACTIVATION_ENVIRONMENT=simulation activation simulate --advance 1d
    """
    from activation import simulation

    with opened() as app:
        if advance:
            result = simulation.advance_shop(app, duration(advance))
        else:
            result = simulation.create_shop(app, customers=customers, days=days, seed=seed, until=until)
    say(result, as_json, counts("Simulated"))


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
