"""What people ask of a deployment besides its steps: all of them at once, the report, the ledger's upkeep."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from activation.app import SCHEMAS, App, newest_mark
from activation.decisions.explain import explain
from activation.delivery import plans
from activation.errors import BusyError, ConfigError
from activation.feedback.links import Subscription
from activation.ledger import Ledger, leases, operations, pauses, recovery
from activation.ledger.approvals import Answer, answers
from activation.ledger.feedback import Feedback, record_feedback
from activation.ledger.messages import find_message
from activation.ledger.suppressions import Suppression, suppress
from activation.loading.archive import archive_events, restore_events
from activation.loading.mapping import EVENT_TABLE, TABLES, read_mapping
from activation.loading.needs import compare, find_needs
from activation.loading.survey import survey
from activation.model import Run, RunMode
from activation.policy import listing
from activation.warehouses import Warehouse, open_warehouse
from activation.warehouses.schema import RAW, quoted

PAUSE_SCOPE = re.compile(r"all|(trigger|channel|brand):[a-z][a-z0-9_]*")
COPIED = ("delivery_changes", "suppressions", "pauses", "approvals", "feedback", "audience_members", "runs")


def run_all(app: App, tell: Callable[[str], object]) -> dict[str, Any]:
    """Build, send, sync and report, in this process."""
    tell("Building the models and deciding")
    result: dict[str, Any] = dict(app.build())
    tell("Sending")
    result |= app.send()
    for audience_id in app.audience_ids():
        tell(f"Syncing {audience_id}")
        result[audience_id] = app.sync(audience_id)
    tell("Writing the report")
    result["report"] = str(publish_report(app))
    return result


def check_load(app: App, files: Sequence[str], table: str, mapping: Path | None) -> dict[str, Any]:
    """What a load of these files would come to, and what each trigger would still lack after it; writes nothing.

    Raises LoadError or MappingError where the load would, save for rows that do not fit.
    """
    found = survey(files, now=app.ledger.clock.now(), table=table, mapping=read_mapping(mapping) if mapping else None)
    events, tables = _held(app)
    if found.rows_fit:
        tables |= {found.table}
        events |= {event.name for event in found.events if event.name}
    verdicts = compare(find_needs(app.project.models()), events, tables)
    return {**asdict(found), "triggers": [asdict(verdict) for verdict in verdicts]}


def publish_report(app: App) -> Path:
    """Bring outcomes into the warehouse and write the report from them; returns where it is."""
    app.refresh_outcomes()
    return write_report(app)


def write_report(app: App) -> Path:
    """Write the report page from the published copy; returns where it is."""
    from activation.reporting import write_report as write

    run, path = app.newest_run(), app.settings.report_path
    with open_warehouse(app.settings, read_copy=True) as warehouse:
        write(
            warehouse,
            schema=SCHEMAS[run.mode],
            raw_schema=app.project.raw_schema,
            path=path,
            as_of=run.as_of,
            links={"Data Docs": os.path.relpath(app.settings.data_docs_path, path.parent)},
            planned_holdouts=_planned_holdouts(app, warehouse, run),
        )
    return path


def summary(app: App) -> dict[str, Any]:
    """What is there, in counts, and where to look."""
    from activation.reporting.summary import summary as count

    with open_warehouse(app.settings, read_copy=True) as warehouse:
        found = count(warehouse, SCHEMAS[RunMode.LIVE], app.project.raw_schema)
    places = {
        "report": app.settings.report_path,
        "data_docs": app.settings.data_docs_path,
        "inbox": app.settings.inbox_path / "index.html",
    }
    return {**found, "places": {name: path.as_uri() for name, path in places.items() if path.exists()}}


def ledger_status(app: App) -> dict[str, Any]:
    """Messages by state, every one in doubt, what waits in which queue, who holds what, and what is paused."""
    return asdict(operations.status(app.ledger))


def retry(app: App, keys: Sequence[str]) -> dict[str, int]:
    """Plan failed and doubtful messages again. Raises InputError for any other."""
    return {"messages": operations.retry(app.ledger, keys)}


def release(app: App) -> dict[str, Any]:
    """Free the queues that a crash left; what was claimed becomes unknown."""
    freed = operations.release_lapsed(app.ledger)
    return {"queues": len(freed), "in_doubt": len(operations.status(app.ledger).doubtful)}


def recover(app: App) -> dict[str, int]:
    """Rebuild the ledger from the warehouse's copy. Raises ConfigError when there is no copy."""
    with open_warehouse(app.settings) as warehouse:
        mark = newest_mark(warehouse)
        if mark is None:
            raise ConfigError("The warehouse has no copy of a ledger.", "There is nothing to recover from.")
        rows = {table: warehouse.rows(f"select * from engine.{table}") for table in COPIED}  # noqa: S608 - our own tables
        report = recovery.recover(app.ledger, mark, recovery.Copy(**rows))
    app.copy_ledger()
    return {"messages": report.messages, "doubtful": report.doubtful, "other_rows": report.other_rows}


def pause(app: App, scope: str, reason: str) -> None:
    """Hold everything back in `all`, `trigger:x`, `channel:x` or `brand:x`, from the next claim on."""
    pauses.pause(app.ledger, _checked(app, scope), reason)


def resume(app: App, scope: str) -> None:
    """Lift a pause."""
    pauses.resume(app.ledger, _checked(app, scope))


class LedgerSink:
    """Writes an unsubscribe into the ledger, which the next claim respects."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def unsubscribe(self, subscription: Subscription) -> bool:
        """Suppress the contact point that the message went to; False when the message is not known."""
        message = find_message(self._ledger, subscription.message_key)
        if message is None:
            return False
        suppress(
            self._ledger,
            [
                Suppression(
                    contact_point=message.contact_point,
                    channel=subscription.channel,
                    brand=subscription.brand,
                    purpose=subscription.purpose,
                    reason="unsubscribed",
                    source="one_click",
                )
            ],
        )
        told = Feedback(
            feedback_id=f"one_click/{subscription.message_key}",
            kind="unsubscribed",
            channel=subscription.channel,
            occurred_at=self._ledger.clock.now(),
            message_key=subscription.message_key,
            contact_point=message.contact_point,
        )
        record_feedback(self._ledger, [told])
        return True


def serve(app: App, host: str, port: int) -> None:
    """Answer unsubscribe links until interrupted. Raises MissingSecretError without a signing key."""
    from activation.feedback.server import make_app
    from activation.feedback.server import serve as serve_app

    names = {key: brand.name for key, brand in app.config.brands.items()}
    serve_app(make_app(app.links, LedgerSink(app.ledger), names), host, port)


def archive(app: App, before: datetime) -> dict[str, Any]:
    """Move the events known before an instant (UTC) into files below the home; models go on reading them.

    Raises ConfigError when the models read tables of somebody else's.
    """
    schema = app.project.variable("raw_schema")
    if schema != RAW:
        raise ConfigError(f"The models read events from the schema {schema}.", "Archive them where they come from.")
    with leases.hold(app.ledger, leases.WAREHOUSE), open_warehouse(app.settings) as warehouse:
        warehouse.prepare()
        report = archive_events(warehouse, app.settings.archive_path, before, app.ledger.clock.now())
    return {"events": report.events, "files": len(report.files)}


def restore(app: App) -> dict[str, Any]:
    """Move every archived event back into the warehouse."""
    with leases.hold(app.ledger, leases.WAREHOUSE), open_warehouse(app.settings) as warehouse:
        warehouse.prepare()
        report = restore_events(warehouse, app.settings.archive_path)
    return {"events": report.events, "files": len(report.files)}


def write_model_docs(app: App) -> Path:
    """dbt's documentation of every model, one offline page."""
    return app.project.write_docs()


def trigger_rows(app: App) -> list[dict[str, Any]]:
    """One row per trigger for the list, what is chosen first at the top."""
    return listing.rows(app.project.triggers(), app.project.house())


def trigger_policy(app: App, name: str) -> Mapping[str, Any]:
    """One trigger's whole policy, and where each value comes from. Raises ConfigError for an unknown id."""
    triggers = app.project.triggers()
    found = {declared.policy.id: declared for declared in triggers}
    if name not in found:
        raise ConfigError(f"There is no trigger `{name}`.", f"Use one of {', '.join(sorted(found))}.")
    return listing.story(found[name], triggers, app.project.house())


def waiting_plans(app: App, name: str) -> list[dict[str, Any]]:
    """The plans of a trigger that wait for a human's yes. Raises ConfigError for an unknown trigger."""
    trigger_policy(app, name)
    with open_warehouse(app.settings, read_copy=True) as warehouse:
        return [asdict(plan) for plan in plans.waiting_plans(warehouse, SCHEMAS[RunMode.LIVE], app.ledger, name)]


def answer_plan(app: App, name: str, digest: str, verdict: str, by: str, note: str) -> dict[str, Any]:
    """Record a human's answer to one plan. Raises ConfigError for an unknown trigger, InputError for another plan."""
    trigger_policy(app, name)
    with open_warehouse(app.settings, read_copy=True) as warehouse:
        waiting = plans.waiting_plans(warehouse, SCHEMAS[RunMode.LIVE], app.ledger, name)
    plan = plans.answer_plan(app.ledger, waiting, name, digest, Answer(verdict), by, note)
    return {
        "trigger_id": name,
        "plan_digest": plan.plan_digest,
        "people": plan.people,
        "messages": plan.messages,
        "verdict": verdict,
        "decided_by": by,
    }


def explain_trigger(app: App, name: str, customer_id: str) -> list[dict[str, Any]]:
    """One customer's occurrences of a trigger, every verdict and answer. Raises ConfigError for an unknown trigger."""
    trigger_policy(app, name)
    with open_warehouse(app.settings, read_copy=True) as warehouse:
        # The ledger knows of an answer before the next build copies it.
        stories = explain(warehouse, SCHEMAS[RunMode.LIVE], name, customer_id, answers(app.ledger, name))
    return [asdict(story) for story in stories]


def _held(app: App) -> tuple[set[str], set[str]]:
    """The event names and the raw tables of which the warehouse has rows, as far as it can be read now."""
    if app.settings.warehouse is None and not app.settings.warehouse_path.exists():
        return set(), set()
    try:
        warehouse = open_warehouse(app.settings)
    except BusyError:
        warehouse = open_warehouse(app.settings, read_copy=True)
    schema = str(app.project.variable("raw_schema"))
    with warehouse:
        there = {table for table in TABLES if warehouse.has_table(schema, table)}
        one = {table: f"select 1 as one from {quoted(schema, table)} limit 1" for table in there}  # noqa: S608 - quoted
        tables = {table for table, query in one.items() if warehouse.rows(query)}
        names = f"select distinct event_name from {quoted(schema, EVENT_TABLE)}"  # noqa: S608 - quoted
        events = {row["event_name"] for row in warehouse.rows(names)} if EVENT_TABLE in tables else set()
    return events, tables


def _checked(app: App, scope: str) -> str:
    if not PAUSE_SCOPE.fullmatch(scope):
        raise ConfigError(f"{scope!r} is no scope.", "Write all, trigger:<id>, channel:<name> or brand:<name>.")
    kind, _, name = scope.partition(":")
    if kind == "trigger":
        trigger_policy(app, name)
    return scope


def _planned_holdouts(app: App, warehouse: Warehouse, run: Run) -> dict[str, float]:
    """The share of units that each experiment meant to hold out; the global one has a new name every quarter."""
    experiments = (declared.policy.experiment for declared in app.project.triggers())
    planned = {experiment.salt: experiment.holdout for experiment in experiments if experiment is not None}
    query = (
        f'select distinct experiment_id from "{SCHEMAS[run.mode]}".act_assignments '  # noqa: S608 - our own schema
        "where experiment_id like 'global:%'"
    )
    share = float(app.project.variable("global_holdout_share"))
    return planned | {row["experiment_id"]: share for row in warehouse.rows(query)}
