"""The command line: arguments in, exit code out. The only place that prints."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from activation import __version__
from activation.config import parse_duration
from activation.errors import ActivationError

if TYPE_CHECKING:
    from activation.app import App

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


class Cli(click.Group):
    """Turns every error of ours into one sentence, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ActivationError as error:
            click.secho(f"Error: {error.message}", fg="red", err=True)
            if error.remedy:
                click.echo(f"  → {error.remedy}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)


@click.group(cls=Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="activation")
@click.option("-v", "--verbose", is_flag=True, help="Log what each step does.")
def main(verbose: bool) -> None:
    """Warehouse-native trigger marketing: dbt decides who gets what, this delivers it and brings back what came of it.

    State lives below ACTIVATION_HOME (./var); the project is read from ACTIVATION_PROJECT (the present folder).
    """
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("activation").setLevel(logging.INFO if verbose else logging.WARNING)


def opened() -> "App":
    from activation.app import open_app

    return open_app()


def asked(operation: str, *arguments: Any, **named: Any) -> Any:
    """What one function of `operations` says of this deployment."""
    from activation import operations

    with opened() as app:
        return getattr(operations, operation)(app, *arguments, **named)


def duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def say(result: Mapping[str, Any], as_json: bool, lines: Callable[[Mapping[str, Any]], str]) -> None:
    click.echo(json.dumps(result, default=str, sort_keys=True) if as_json else lines(result))


def counts(title: str) -> Callable[[Mapping[str, Any]], str]:
    """A line of `name: number` pairs under a title."""
    return lambda result: f"{title}: " + (", ".join(f"{name} {value}" for name, value in result.items()) or "nothing")


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--table", default="events", show_default=True, help="The raw table these rows belong to.")
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML that maps foreign columns and event names.")
@click.option("--history", is_flag=True, help="Import the past: known when it happened, not when it is loaded.")
@JSON
def load(files: tuple[str, ...], table: str, mapping: Path | None, history: bool, as_json: bool) -> None:
    """Load Parquet, CSV or JSON lines (compressed, globs) into the raw tables.

    \b
    Example: activation load 'extracts/2026-03-*.parquet' --mapping shop.yml
    """
    with opened() as app:
        report = app.load(files, table=table, mapping=mapping, history=history)
    summary = {
        "load_id": report.load_id,
        "rows_read": report.rows_read,
        "rows_loaded": report.rows_loaded,
        "rows_duplicate": report.rows_duplicate,
        "rows_quarantined": report.rows_quarantined,
        "rows_skipped": report.rows_skipped,
        "reasons": dict(report.reasons),
    }
    say(summary, as_json, counts("Loaded"))


@main.command()
@JSON
def build(as_json: bool) -> None:
    """Load what landed, build the models, check quality, decide, and announce a live run.

    \b
    Example: activation build --json
    """
    with opened() as app:
        result = app.build()
    say(result, as_json, counts("Built"))


@main.command()
@JSON
def check(as_json: bool) -> None:
    """Check activation.yml, every policy and every template, without touching the warehouse.

    \b
    Example: activation check
    """
    with opened() as app:
        result = app.check()
    say(result, as_json, counts("In order"))


@main.command()
@JSON
def send(as_json: bool) -> None:
    """Plan what the newest live run decided, and deliver it.

    \b
    Example: activation send
    """
    with opened() as app:
        result = app.send()
    say(result, as_json, counts("Delivered"))


@main.command()
@click.argument("audience", required=False)
@JSON
def sync(audience: str | None, as_json: bool) -> None:
    """Push what changed in one audience, or in all of them, to their lists.

    \b
    Example: activation sync lapsed_customers
    """
    with opened() as app:
        names = [audience] if audience else app.audience_ids()
        result = {name: app.sync(name) for name in names}
    say(result, as_json, counts("Synced"))


@main.command()
@JSON
def run(as_json: bool) -> None:
    """All steps once, without Airflow: build, send, sync, report.

    \b
    Example: activation run
    """
    result = asked("run_all", tell=lambda step: None if as_json else click.echo(step, err=True))
    say(result, as_json, counts("Ran"))


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
@JSON
def report(as_json: bool) -> None:
    """Bring outcomes into the warehouse and write the report, one offline page.

    \b
    Example: activation report
    """
    path = asked("publish_report")
    say({"report": str(path)}, as_json, lambda result: f"The report is {result['report']}")


@main.command()
@JSON
def summary(as_json: bool) -> None:
    """Say what is there: events, occurrences, decisions, messages, and where to look.

    \b
    Example: activation summary
    """
    result = asked("summary")
    say(result, as_json, summary_lines)


def summary_lines(result: Mapping[str, Any]) -> str:
    from activation.reporting.summary import describe

    places = [f"{name.replace('_', ' '):<10} {address}" for name, address in result["places"].items()]
    return "\n".join([describe(result), *places])


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8085, show_default=True, type=click.IntRange(0, 65535))
def serve(host: str, port: int) -> None:
    """Answer unsubscribe links (RFC 8058) and write the suppressions, which the next claim respects.

    \b
    Example: activation serve --port 8085
    """
    from activation import operations

    with opened() as app:
        app.settings.require_signing_key()
        click.echo(f"Listening on http://{host}:{port}", err=True)
        operations.serve(app, host, port)


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


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Say what is configured, what is missing, and what to do; exit 1 when something must be done.

    \b
    Example: activation doctor
    """
    from activation.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{'ok     ' if finding.is_fine else 'MISSING'} {finding.what}: {finding.says}")
            if finding.remedy:
                click.echo(f"          → {finding.remedy}")
    sys.exit(0 if all(finding.is_fine for finding in findings) else 1)


@main.command()
def docs() -> None:
    """Write dbt's documentation of every model as one offline page, and the policy reference of this project.

    \b
    Example: activation docs
    """
    from activation.policy import reference

    with opened() as app:
        page = app.settings.project / "docs" / "policy.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(reference(), encoding="utf-8")
        click.echo(f"The models' documentation is {app.project.write_docs()}")
        click.echo(f"The policy reference is {page}")


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


if __name__ == "__main__":
    main()
