"""What `activation load --check` found, as tables for a person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

WIDEST = 60
STATES = {"complete": "all there", "partial": "partly", "nothing": "nothing"}


def survey_lines(found: Mapping[str, Any]) -> str:
    """The whole of a survey: columns, events, what is left out, what is not used, what triggers lack."""
    files = found["files"]
    place = files[0] if len(files) == 1 else f"{len(files)} files"
    head = (
        f"{place} for the table {found['table']}: {found['rows_read']} rows, {found['rows_fit']} of them fit "
        "(repeats included). Nothing was loaded."
    )
    return "\n".join([head, *_columns(found), *_events(found), *_left_out(found), *_unused(found), *_triggers(found)])


def _columns(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [(column["name"], column["source"], column["rows"]) for column in found["columns"]]
    yield from _table("What becomes of the columns", ("ours", "from", "rows"), rows)


def _events(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [(event["source"], event["name"] or "-", event["rows"], _remark(event)) for event in found["events"]]
    yield from _table("What becomes of the events", ("theirs", "ours", "rows", ""), rows)


def _remark(event: Mapping[str, Any]) -> str:
    if not event["name"]:
        return "left out: the mapping does not name it"
    return "" if event["is_known"] else "kept; no shipped model reads it"


def _left_out(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            "skipped" if left["is_skipped"] else "quarantined",
            left["reason"],
            left["rows"],
            f"{left['file']}, line {left['line']}",
        )
        for left in found["left_out"]
    ]
    yield from _table("What would be left out", ("", "reason", "rows", "the first"), rows)


def _unused(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _table("What is not used", ("theirs", "rows"), list(found["unused"].items()))


def _triggers(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            verdict["trigger"],
            STATES[verdict["state"]],
            ", ".join([*verdict["missing_events"], *(f"table {name}" for name in verdict["missing_tables"])]),
        )
        for verdict in found["triggers"]
    ]
    yield from _table(
        "What triggers would have, with these files and what is in the warehouse",
        ("trigger", "has", "lacks"),
        rows,
        is_cut=False,
    )


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, is_cut: bool = True) -> Iterator[str]:
    """A title and aligned cells; nothing where there are no rows."""
    cells = [[_cut(str(cell)) if is_cut else str(cell) for cell in row] for row in rows]
    if not cells:
        return
    widths = [max(len(row[position]) for row in [list(header), *cells]) for position in range(len(header))]
    yield ""
    yield title
    for row in [list(header), *cells]:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
