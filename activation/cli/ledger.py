"""The ledger's upkeep."""

import json

import click

from activation.cli.main import JSON, asked, counts, main, say


@main.group()
def ledger() -> None:
    """What became of every message, and what to do about those in doubt."""


@ledger.command("status")
@JSON
def ledger_status(as_json: bool) -> None:
    """Messages by state, and every one of which nobody knows whether it left.

    \b
    Example: activation ledger status --json
    """
    result = asked("ledger_status")
    if as_json:
        click.echo(json.dumps(result, default=str, sort_keys=True))
        return
    click.echo(counts("Messages")(result["states"]))
    for row in result["doubtful"]:
        again = "will be sent again" if row["will_be_resent"] else "is held"
        click.echo(f"in doubt: {row['message_key']} in {row['queue']} since {row['since']} ({row['reason']}), {again}")
    for queue, count in result["waiting"].items():
        click.echo(f"waiting in {queue}: {count}")
    for lease in result["leases"]:
        click.echo(f"{lease['name']} is held by {lease['holder']} until {lease['deadline']}")
    for scope, reason in result["pauses"].items():
        click.echo(f"paused: {scope} ({reason})")


@ledger.command("retry")
@click.argument("keys", nargs=-1, required=True)
@JSON
def ledger_retry(keys: tuple[str, ...], as_json: bool) -> None:
    """Send messages again that are failed or in doubt; a doubtful one may arrive twice.

    \b
    Example: activation ledger retry 5f2c…
    """
    result = asked("retry", keys)
    say(result, as_json, counts("Planned again"))


@ledger.command("release")
@JSON
def ledger_release(as_json: bool) -> None:
    """Let go of leases whose process is gone, and list what it left in doubt.

    \b
    Example: activation ledger release
    """
    result = asked("release")
    say(result, as_json, counts("Released"))


@ledger.command("recover")
@JSON
def ledger_recover(as_json: bool) -> None:
    """Rebuild a lost or rolled-back ledger from the warehouse's copy; what was under way becomes doubtful.

    \b
    Example: activation ledger recover
    """
    result = asked("recover")
    say(result, as_json, counts("Recovered"))


@ledger.command("pause")
@click.argument("scope")
@click.option("--reason", required=True, help="Shown wherever the pause holds something back.")
def ledger_pause(scope: str, reason: str) -> None:
    """Stop sending at once: all, trigger:<id>, channel:<name> or brand:<name>.

    \b
    Example: activation ledger pause trigger:win_back --reason 'wrong price'
    """
    asked("pause", scope, reason)
    click.echo(f"Paused {scope}")


@ledger.command("resume")
@click.argument("scope")
def ledger_resume(scope: str) -> None:
    """Lift a pause.

    \b
    Example: activation ledger resume trigger:win_back
    """
    asked("resume", scope)
    click.echo(f"Resumed {scope}")
