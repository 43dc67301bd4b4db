"""What the analyst asks of triggers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from activation.cli.main import JSON, asked, main


@main.group()
def trigger() -> None:
    """The triggers and their policies."""


@trigger.command("list")
@JSON
def trigger_list(as_json: bool) -> None:
    """Every trigger with what its policy says, what is chosen first at the top; refreshes the generated list of them.

    \b
    Example: activation trigger list
             activation trigger list --json | jq '.[] | select(.state == "paused") | .id'
    """
    from activation.policy.listing import described

    rows = asked("trigger_rows")
    if as_json:
        click.echo(json.dumps(rows))
        return
    for line in aligned([described(row) for row in rows]):
        click.echo(line)


@trigger.command("show")
@click.argument("name")
@JSON
def trigger_show(name: str, as_json: bool) -> None:
    """One trigger's whole policy: every value that holds, and whether its YAML, the house or a default says so.

    \b
    Example: activation trigger show cart_abandonment
             activation trigger show cart_abandonment --json
    """
    from activation.policy.legible import meaning

    found = asked("trigger_policy", name)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{found['id']}, the model {found['model']}, as {found['file']} has it")
    click.echo()
    values = [
        {"field": one["field"], "value": meaning(one["field"], one["value"]), "from": one["origin"]}
        for one in found["values"]
    ]
    for line in aligned(values):
        click.echo(line)
    click.echo()
    for title, words in _company(found).items():
        click.echo(f"{title}: {', '.join(words) or 'none'}")


def _company(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """What else a trigger has to do with."""
    return {
        "Caps that count its messages": [cap["cap_id"] for cap in found["caps"]],
        "Triggers with the same draws": found["same_draws"],
        "Triggers in the same digest": found["same_digest"],
    }


def aligned(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """The rows under their names, in columns."""
    if not rows:
        return
    table = [{name: name for name in rows[0]}, *rows]
    widths = {name: max(len(row[name]) for row in table) for name in rows[0]}
    for row in table:
        yield "  ".join(cell.ljust(widths[name]) for name, cell in row.items()).rstrip()


@trigger.command("explain")
@click.argument("name")
@click.option("--customer", required=True, help="The customer's id.")
@JSON
def trigger_explain(name: str, customer: str, as_json: bool) -> None:
    """Why one customer did or did not get a trigger's messages: every occurrence, every verdict, what was sent.

    \b
    Each verdict says who was chosen instead and under which cap, who answered its plan, until when it waits, by
    which experiment it is held out, and in whose message it rides. Times are UTC, with the customer's beside them.

    \b
    Example: activation trigger explain cart_abandonment --customer cust-0000042
             activation trigger explain cart_abandonment --customer cust-0000042 --json | jq '.[].verdicts[-1]'
    """
    from activation.cli.stories import lines
    from activation.decisions.explain import NOTHING

    stories = asked("explain_trigger", name, customer)
    if as_json:
        click.echo(json.dumps(stories, default=str))
        return
    for line in lines(stories):
        click.echo(line)
    if not stories:
        click.echo(NOTHING)
