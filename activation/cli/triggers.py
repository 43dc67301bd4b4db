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
    Example: activation trigger explain cart_abandonment --customer cust-0000042
    """
    from activation.decisions.explain import NOTHING

    stories = asked("explain_trigger", name, customer)
    if as_json:
        click.echo(json.dumps(stories, default=str))
        return
    for story in stories:
        click.echo("{occurrence_key}, step {step}: due {eligible_at}, until {expires_at}".format(**story))
        for row in story["verdicts"]:
            more = [f"to {row['outranked_by']}"] if row["outranked_by"] else []
            more += [f"cap {row['cap']}"] if row["cap"] else []
            more += [f"now {row['state']}"] if row["state"] else []
            click.echo(f"    {row['decided_at']}  {row['verdict']}: {'; '.join([row['description'], *more])}")
    if not stories:
        click.echo(NOTHING)
