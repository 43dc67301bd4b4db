"""The report: one page that needs nothing but itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from activation.reporting import charts, facts
from activation.reporting.experiments import Experiment, read_experiments
from activation.reporting.facts import Facts, Reader, Row
from activation.reporting.verdicts import ANSWERS, NEEDS, STATES, meaning
from activation.warehouses.base import Warehouse
from activation.warehouses.schema import RAW

FOLDER = Path(__file__).resolve().parent
PAGES, VENDORED = FOLDER / "pages", FOLDER / "vendor"
DIGEST_SHOWN = 12
SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: where its values come from and how they look."""

    title: str
    name: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: a chart and the table with the same figures, or a note instead of both."""

    anchor: str
    title: str
    lead: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    note: str = ""
    chart: charts.Spec | None = None
    is_folded: bool = False
    experiments: tuple[Experiment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """Where the page is, the rows that each section shows, and the sections that could not be read."""

    path: Path
    as_of: datetime
    rows: Mapping[str, int]
    unreadable: tuple[str, ...]


def write_report(
    warehouse: Warehouse,
    *,
    schema: str,
    raw_schema: str = RAW,
    path: Path,
    as_of: datetime,
    links: Mapping[str, str],
    planned_holdouts: Mapping[str, float] | None = None,
) -> ReportSummary:
    """Write the report of a schema's state to `path`, replacing the old one in one step.

    `links` are other places to look, by name. `planned_holdouts` is the share of units that each experiment meant to
    hold out; without it the sample ratio is not checked. What is missing in the warehouse is said on the page.
    """
    reader = Reader(warehouse, schema, as_of, raw_schema)
    sections = [build(reader) for build in SECTIONS]
    sections.insert(EXPERIMENTS_AT, _experiments(reader, planned_holdouts or {}))
    page = _render(
        as_of=as_of,
        header=_header(reader),
        tiles=[(title, count(reader)) for title, count in facts.TILES.items()],
        sections=sections,
        links=dict(links),
    )
    _replace(path, page)
    unreadable = tuple(section.anchor for section in sections if section.note.startswith("This could not"))
    return ReportSummary(path, as_of, {section.anchor: len(section.rows) for section in sections}, unreadable)


def _header(reader: Reader) -> dict[str, str]:
    runs = [
        f"{run['run_id']} ({run['mode']}, {run['lane']}, as of {_shown(run['as_of'])})"
        for run in facts.newest_run(reader).rows
    ]
    environments = [str(row["environment"]) for row in facts.environments(reader).rows]
    return {"run": ", ".join(runs) or "none yet", "environment": ", ".join(environments) or "none yet"}


def _render(**content: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shown=_shown, spec=_spec, percent=_percent, points=_points)
    return environment.get_template("report.html.j2").render(
        style=Markup((PAGES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        scripts=[_script(VENDORED / name) for name in SCRIPTS] + [_script(PAGES / "report.js")],
        **content,
    )


def _script(path: Path) -> Markup:
    """A script of ours or of the vendored ones, without the link to a source map that is not there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return Markup("\n".join(line for line in lines if not line.startswith("//# source")))  # noqa: S704 - vendored


def _spec(spec: charts.Spec) -> Markup:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(spec, default=_plain, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot stand in a chart")


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.2f}"


def _replace(path: Path, page: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(page, encoding="utf-8")
    new.replace(path)


def _section(anchor: str, title: str, lead: str, found: Facts, columns: Sequence[Column], **more: Any) -> Section:
    return Section(anchor, title, lead, tuple(columns), tuple(found.rows), found.note, **more)


def _occurrences(reader: Reader) -> Section:
    found = facts.occurrences_by_day(reader)
    columns = [Column("Day", "day"), Column("Trigger", "trigger_id"), Column("Occurrences", "occurrences", True)]
    chart = charts.bars_by_day(found.rows, "occurrences", "trigger_id") if found.rows else None
    lead = f"Reasons to contact somebody, by the day on which they became due; the last {facts.DAYS_SHOWN} days."
    return _section("occurrences", "Occurrences", lead, found, columns, chart=chart, is_folded=True)


def _verdicts(reader: Reader) -> Section:
    found = facts.verdicts(reader)
    named = Facts([_in_words(row) for row in found.rows], found.note)
    columns = [
        Column("Trigger", "trigger_id"),
        Column("Verdict", "verdict"),
        Column("In words", "meaning"),
        Column("Reason", "reason"),
        Column("Occurrences", "occurrences", True),
    ]
    live = [row for row in named.rows if row["verdict"] != facts.BEFORE_LIVE]
    chart = charts.stacked_rows(live, "trigger_id", "occurrences", "meaning") if live else None
    lead = (
        "The latest decision on every occurrence, and on each channel where each is decided for itself. "
        "The chart leaves out what was due before its trigger went live."
    )
    return _section("verdicts", "Decisions", lead, named, columns, chart=chart)


def _in_words(row: Row) -> Row:
    reason = "" if row["reason"] == row["verdict"] else row["reason"]
    return {**row, "meaning": meaning(row["verdict"]), "reason": reason}


def _held_back(reader: Reader) -> Section:
    found = facts.held_back(reader)
    told = [{**row, "meaning": meaning(row["verdict"]), "until": _until(row)} for row in found.rows]
    columns = [
        Column("Trigger", "trigger_id"),
        Column("Only on", "leg"),
        Column("In words", "meaning"),
        Column("Why", "description"),
        Column("Cap", "cap"),
        Column("Lost to", "outranked_by"),
        Column("Occurrences", "occurrences", True),
        Column("Oldest since", "since"),
        Column("Until", "until"),
    ]
    lead = (
        "Everything that is neither sent nor held out, and why: under which cap, to which trigger it lost, and until "
        "when the hours keep it. `activation trigger explain` tells it of one customer."
    )
    note = "None." if found.note == "Nothing yet." else found.note
    return _section("held_back", "Held back", lead, Facts(told, note), columns)


def _until(row: Row) -> str:
    """When the hours let go what waits for them, from the first to the last; for good is for good."""
    if row["is_final"]:
        return "for good"
    first, last = row["opens_first"], row["opens_last"]
    if first is None:
        return ""
    return _shown(first) if first == last else f"{_shown(first)} to {_shown(last)}"


def _plans(reader: Reader) -> Section:
    found = facts.plans(reader)
    told = [
        {**row, "plan": row["plan_digest"][:DIGEST_SHOWN], "answer": ANSWERS.get(row["answer"], row["answer"])}
        for row in found.rows
    ]
    columns = [
        Column("Trigger", "trigger_id"),
        Column("Plan", "plan"),
        Column("People", "people", True),
        Column("Messages", "messages", True),
        Column("Since", "since"),
        Column("Still waiting", "waiting", True),
        Column("Answer", "answer"),
        Column("By", "decided_by"),
        Column("At", "decided_at"),
    ]
    lead = "What was chosen for more people than its policy lets go without a human's yes."
    if found.rows and found.rows[0]["total"] > len(found.rows):
        lead += f" The newest {len(found.rows)} of {found.rows[0]['total']:,}."
    note = "None." if found.note == "Nothing yet." else found.note
    return _section("plans", "Plans", lead, Facts(told, note), columns)


def _digests(reader: Reader) -> Section:
    found = facts.digests(reader)
    columns = [
        Column("Digest", "digest"),
        Column("In the messages of", "carrier"),
        Column("Rode", "rider"),
        Column("Occurrences", "occurrences", True),
        Column("Messages", "messages", True),
    ]
    note = "None." if found.note == "Nothing yet." else found.note
    lead = "Occurrences that were decided to go in the message of another."
    return _section("digests", "Digests", lead, Facts(found.rows, note), columns)


def _deliveries(reader: Reader) -> Section:
    found = facts.deliveries(reader)
    named = Facts([{**row, "state": STATES.get(row["state"], row["state"])} for row in found.rows], found.note)
    columns = [
        Column("Destination", "destination"),
        Column("Trigger", "trigger_id"),
        Column("State", "state"),
        Column("Messages", "messages", True),
    ]
    chart = charts.stacked_rows(named.rows, "destination", "messages", "state") if named.rows else None
    return _section("deliveries", "Deliveries", "What became of every message.", named, columns, chart=chart)


def _doubts(reader: Reader) -> Section:
    found = facts.doubts(reader)
    columns = [
        Column("Message", "message_key"),
        Column("Trigger", "trigger_id"),
        Column("Channel", "channel"),
        Column("Destination", "destination"),
        Column("Reason", "reason"),
        Column("Since", "changed_at"),
    ]
    total = found.rows[0]["total"] if found.rows else 0
    lead = "Nobody knows whether these left. None is sent again unless its policy says so."
    if total > len(found.rows):
        lead += f" The newest {len(found.rows)} of {total:,}."
    note = "None." if found.note == "Nothing yet." else found.note
    return _section("doubts", "Messages in doubt", lead, Facts(found.rows, note), columns)


def _worklist(reader: Reader) -> Section:
    found = facts.worklist(reader)
    named = [{**row, "reason": NEEDS.get(row["reason"], row["reason"])} for row in found.rows]
    columns = [
        Column("Trigger", "trigger_id"),
        Column("Customer", "customer_id"),
        Column("Reason", "reason"),
        Column("Since", "since"),
        Column("Occurrence", "occurrence_id"),
    ]
    total = found.rows[0]["total"] if found.rows else 0
    lead = "Messages that must go and cannot go by themselves: somebody has to see to each."
    if total > len(found.rows):
        lead += f" The {len(found.rows)} that wait longest of {total:,}."
    note = "None." if found.note == "Nothing yet." else found.note
    return _section("worklist", "Worklist", lead, Facts(named, note), columns)


def _experiments(reader: Reader, planned_holdouts: Mapping[str, float]) -> Section:
    found = facts.experiment_arms(reader)
    experiments = tuple(read_experiments(found.rows, planned_holdouts))
    effects = [
        {
            "experiment": experiment.experiment_id,
            "estimate": 100 * experiment.rate.estimate,
            "low": 100 * experiment.rate.low,
            "high": 100 * experiment.rate.high,
        }
        for experiment in experiments
        if experiment.rate
    ]
    lead = (
        "Units treated against units held out, by their first assignment, whatever was sent to them. Only units whose "
        "window has closed count. These are the only figures here that speak of an effect."
    )
    return Section(
        "experiments",
        "Experiments",
        lead,
        rows=tuple(found.rows),
        note=found.note,
        chart=charts.intervals(effects) if effects else None,
        experiments=experiments,
    )


def _audiences(reader: Reader) -> Section:
    found, sizes = facts.audience_members(reader), facts.audience_sizes(reader)
    columns = [
        Column("Audience", "audience_id"),
        Column("Destination", "destination"),
        Column("Last change", "action"),
        Column("State", "state"),
        Column("Members", "members", True),
    ]
    chart = charts.lines_by_day(sizes.rows, "members", "audience_id") if sizes.rows else None
    return _section("audiences", "Audiences", "Lists kept at destinations.", found, columns, chart=chart)


def _blocks(reader: Reader) -> Section:
    found = facts.blocks(reader)
    columns = [
        Column("Scope", "scope"),
        Column("Reason", "reason"),
        Column("Run", "run_id", True),
        Column("Since", "created_at"),
        Column("Until", "until"),
    ]
    note = "None: nothing is blocked." if found.note == "Nothing yet." else found.note
    lead = "What a failed quality check keeps from being sent at this moment."
    return _section("blocks", "Quality blocks", lead, Facts(found.rows, note), columns)


def _loads(reader: Reader) -> Section:
    columns = [
        Column("Load", "load_id", True),
        Column("At", "loaded_at"),
        Column("Mode", "mode"),
        Column("Source", "source"),
        Column("Read", "rows_read", True),
        Column("Loaded", "rows_loaded", True),
        Column("Duplicate", "rows_duplicate", True),
        Column("Quarantined", "rows_quarantined", True),
        Column("Skipped", "rows_skipped", True),
    ]
    found = facts.loads(reader)
    # The folder above says which table; the rest of the path says only where this machine keeps it.
    short = [{**row, "source": "/".join(str(row["source"]).split("/")[-2:])} for row in found.rows]
    return _section("loads", "Loads", f"The newest {facts.LOADS_SHOWN} loads.", Facts(short, found.note), columns)


SECTIONS: tuple[Callable[[Reader], Section], ...] = (
    _verdicts,
    _held_back,
    _plans,
    _digests,
    _occurrences,
    _deliveries,
    _doubts,
    _worklist,
    _audiences,
    _blocks,
    _loads,
)
EXPERIMENTS_AT = 8
