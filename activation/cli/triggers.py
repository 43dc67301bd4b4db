"""What the analyst asks of triggers."""

import json

import click

from activation.cli.main import JSON, asked, main


@main.group()
def trigger() -> None:
    """The triggers and their policies."""


@trigger.command("list")
@JSON
def trigger_list(as_json: bool) -> None:
    """Every trigger with what its policy says, and refresh the generated list of them.

    \b
    Example: activation trigger list
    """
    rows = asked("trigger_rows")
    if as_json:
        click.echo(json.dumps(rows, default=str))
        return
    for row in rows:
        click.echo("{id:<24}v{version} {purpose:<14}{channels:<12}priority {priority:<5}{state}".format(**row))


@trigger.command("show")
@click.argument("name")
def trigger_show(name: str) -> None:
    """One trigger's whole policy.

    \b
    Example: activation trigger show cart_abandonment
    """
    click.echo(json.dumps(asked("trigger_policy", name), indent=2, default=str))


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
