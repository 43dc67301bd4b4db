"""The steps of a run, one command each."""

from datetime import datetime
from pathlib import Path

import click

from activation.cli.main import JSON, asked, counts, main, opened, say

# The schedules of policies, which are heavier to import than a command's help may be.
CADENCES = ("every_build", "hourly", "daily", "weekly")


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--table", default="events", show_default=True, help="The raw table these rows belong to.")
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML that maps foreign columns and event names.")
@click.option("--history", is_flag=True, help="Import the past: known when it happened, not when it is loaded.")
@click.option(
    "--check", "is_check", is_flag=True, help="Load nothing: say what would become of it, and what triggers lack."
)
@JSON
def load(
    files: tuple[str, ...], table: str, mapping: Path | None, history: bool, is_check: bool, as_json: bool
) -> None:
    """Load Parquet, CSV or JSON lines (compressed, globs) into the raw tables.

    \b
    Example: activation load 'extracts/2026-03-*.parquet' --mapping shop.yml
             activation load calls.jsonl --mapping segment --check
    """
    if is_check:
        from activation.cli.surveys import survey_lines

        say(asked("check_load", files, table, mapping), as_json, survey_lines)
        return
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
@click.option(
    "--cadence",
    type=click.Choice(CADENCES),
    help="Leave out the triggers whose schedule is rarer; without it all are built.",
)
@JSON
def build(cadence: str | None, as_json: bool) -> None:
    """Load what landed, build the models, check quality, decide, and announce a live run.

    Every open occurrence is decided, also those of triggers that are left out.

    \b
    Example: activation build --json
             activation build --cadence hourly
    """
    from activation.policy import Schedule

    with opened() as app:
        result = app.build(Schedule(cadence) if cadence else None)
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
@JSON
def report(as_json: bool) -> None:
    """Bring outcomes into the warehouse and write the report, one offline page.

    \b
    Example: activation report
    """
    path = asked("publish_report")
    say({"report": str(path)}, as_json, lambda result: f"The report is {result['report']}")


@main.command()
@click.option("--before", type=click.DateTime(), help="Move what was known before this instant, UTC.")
@click.option("--restore", is_flag=True, help="Move everything back instead.")
@JSON
def archive(before: datetime | None, restore: bool, as_json: bool) -> None:
    """Move old events out of the warehouse's table into Parquet files, from which the models go on reading them.

    \b
    Example: activation archive --before 2025-01-01
             activation archive --restore
    """
    if restore == (before is not None):
        raise click.UsageError("Give either --before or --restore.")
    if restore:
        say(asked("restore"), as_json, counts("Restored"))
    else:
        say(asked("archive", before), as_json, counts("Archived"))
