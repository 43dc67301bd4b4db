"""What a load would do with files: what becomes of which column and event, what would be left out, and what is unused.

Nothing is written anywhere.
"""

# ruff: noqa: S608 - compiled from a checked mapping; names and literals are quoted

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from activation.loading.files import SourceFile, find_files
from activation.loading.load import chosen_mapping
from activation.loading.mapping import EVENT_TABLE, Mapping
from activation.loading.plan import UNMAPPED, Plan, make_plan
from activation.loading.source import SourceColumns
from activation.loading.values import ALL, Value
from activation.loading.vocabulary import EVENT_NAMES
from activation.loading.workbench import Workbench, refuse_without_rows
from activation.warehouses.schema import quoted

MOST_NAMES = 1_000
OTHERS = "(others)"
Name = TypeVar("Name", str, tuple[str, str])
DOCUMENTS = ("properties", "attributes", "context")


@dataclass(frozen=True, slots=True)
class FilledColumn:
    """One of our columns or details, what it is made of, and how many rows have it."""

    name: str
    source: str
    rows: int


@dataclass(frozen=True, slots=True)
class EventName:
    """A name in the source, the one that it becomes (none where its rows would be left out for it), and whether a
    shipped model reads that."""

    source: str
    name: str
    rows: int
    is_known: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A reason for which rows would not be loaded, with the first of them."""

    reason: str
    is_skipped: bool
    rows: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a load of these files would come to; `rows_fit` still has the repeats in it."""

    table: str
    files: tuple[str, ...]
    rows_read: int
    rows_fit: int
    columns: tuple[FilledColumn, ...]
    events: tuple[EventName, ...]
    left_out: tuple[LeftOut, ...]
    unused: dict[str, int]

    @property
    def unknown_events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(event.name or event.source for event in self.events if not event.is_known))


@dataclass(slots=True)
class _Counts:
    """What is counted batch by batch; of names no more than `MOST_NAMES` are told apart."""

    rows: int = 0
    fit: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, bool]] = field(default_factory=Counter)
    first: dict[tuple[str, bool], tuple[str, int]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)


def survey(
    paths: Sequence[str | Path], *, now: datetime, table: str = EVENT_TABLE, mapping: Mapping | None = None
) -> Survey:
    """Look at files as `load` would. Raises LoadError or MappingError where it would, save for rows that do not fit."""
    chosen = chosen_mapping(table, mapping)
    files, counts = find_files(paths), _Counts()
    with Workbench(chosen, now) as bench:
        for file in files:
            _look_at(file, chosen, now, bench.connection, counts)
    return Survey(
        table=chosen.table,
        files=tuple(str(file.path) for file in files),
        rows_read=counts.rows,
        rows_fit=counts.fit,
        columns=tuple(_columns(chosen, counts.filled)),
        events=tuple(_events(counts.events)),
        left_out=tuple(_left_out(counts)),
        unused=dict(sorted(counts.unused.items())),
    )


def _look_at(
    file: SourceFile, mapping: Mapping, now: datetime, connection: duckdb.DuckDBPyConnection, counts: _Counts
) -> None:
    columns, batches = file.read()
    plan = make_plan(mapping, columns, now, file.path)
    query = plan.query(besides={"source_name": _source_name(plan)})
    rows_before = counts.rows
    for batch in batches:
        connection.register("incoming", pa.Table.from_batches([batch]))
        connection.execute(f"create or replace table mapped as {query}")
        _count_rows(connection, file, mapping, counts)
        _count_filled(connection, mapping, counts)
        _count_unused(connection, plan, counts)
        connection.unregister("incoming")
    refuse_without_rows(file, counts.rows - rows_before)


def _source_name(plan: Plan) -> str:
    """What the source calls the event, where our name for it is looked up."""
    value = plan.mapping.columns.get("event_name", Value(column="event_name"))
    return plan.sql.text(value) if plan.mapping.is_events else "null::varchar"


def _count_rows(connection: duckdb.DuckDBPyConnection, file: SourceFile, mapping: Mapping, counts: _Counts) -> None:
    name = "event_name" if mapping.is_events else "null"
    query = f"""
        select {name}, source_name, skipped, reason, count(*), min(line) from mapped group by all
        order by min(line), 1, 2
    """
    for ours, theirs, skipped, reason, rows, line in connection.execute(query).fetchall():
        counts.rows += rows
        if skipped is None and reason is None:
            counts.fit += rows
            if mapping.is_events:
                _add(counts.events, (theirs or "", ours), rows, (OTHERS, OTHERS))
            continue
        key = (skipped or reason, skipped is not None)
        if key[0] == UNMAPPED:
            _add(counts.events, (theirs or "", ""), rows, (OTHERS, ""))
        counts.left_out[key] += rows
        counts.first.setdefault(key, (str(file.path), line))


def _count_filled(connection: duckdb.DuckDBPyConnection, mapping: Mapping, counts: _Counts) -> None:
    plain = [name for name in mapping.table_columns if name not in DOCUMENTS]
    counted = ", ".join(f"count({quoted(name)})" for name in plain)
    row = connection.execute(f"select {counted} from mapped where is_fit").fetchone() or ()
    counts.filled.update(dict(zip(plain, row, strict=True)))
    documents = {name: name for name in mapping.table_columns if name in DOCUMENTS}
    if mapping.group:
        documents[f"properties.{mapping.group.lines}"] = "group_line"
        counts.filled.update({f"properties.{name}": row[0] for name in mapping.group.sum})
    for name, column in documents.items():
        keys = f"select unnest(json_keys({column})) as key from mapped where is_fit"
        for key, rows in connection.execute(f"select key, count(*) from ({keys}) group by key order by key").fetchall():
            _add(counts.filled, f"{name}.{key}", rows, f"{name}.{OTHERS}")


def _count_unused(connection: duckdb.DuckDBPyConnection, plan: Plan, counts: _Counts) -> None:
    """Columns of which nothing is used; of objects of which something is used, the members that are not."""
    found = _keys(connection, "raw") if plan.source.is_json else _filled(connection, plan.source)
    if _keeps_the_rest(plan.mapping, found):
        return
    used = {*plan.mapping.source_columns(), *_taken_by_name(plan.mapping)}
    for name, rows in found.items():
        if name in used or (plan.mapping.each and name == plan.mapping.each.list):
            continue
        inner = {column.removeprefix(f"{name}.").split(".")[0] for column in used if column.startswith(f"{name}.")}
        if not inner:
            _add(counts.unused, name, rows, OTHERS)
            continue
        members = _keys(connection, plan.source.tree(name))
        for member in sorted(set(members) - inner):
            _add(counts.unused, f"{name}.{member}", members[member], OTHERS)


def _taken_by_name(mapping: Mapping) -> set[str]:
    """The columns of the table that the mapping does not speak of: they come from columns of the same name."""
    spoken = {*mapping.columns, *(("context",) if mapping.context is not None else ())}
    spoken |= {"properties", "attributes"} if mapping.details is not None else set()
    return set(mapping.table_columns) - spoken


def _keeps_the_rest(mapping: Mapping, found: Iterable[str]) -> bool:
    """Whether every column that is used nowhere else goes into the details."""
    if mapping.details is None:
        return ("properties" if mapping.is_events else "attributes") not in found
    return mapping.details.get(ALL, Value(constant=0)).rest is True


def _keys(connection: duckdb.DuckDBPyConnection, document: str) -> dict[str, int]:
    rows = f"select unnest(json_keys({document})) as key from incoming where fault is null"
    if document == "raw":
        rows += " and json_valid(raw)"
    counted = f"select key, count(*) from ({rows}) group by key order by key limit {MOST_NAMES}"
    return dict(connection.execute(counted).fetchall())


def _filled(connection: duckdb.DuckDBPyConnection, columns: SourceColumns) -> dict[str, int]:
    counted = ", ".join(f"count({columns.text(name)})" for name in columns.kinds)
    row = connection.execute(f"select {counted} from incoming").fetchone() or ()
    return dict(zip(columns.kinds, row, strict=True))


def _add(counter: Counter[Name], name: Name, rows: int, others: Name) -> None:
    counter[name if name in counter or len(counter) < MOST_NAMES else others] += rows


def _columns(mapping: Mapping, filled: Counter[str]) -> Iterator[FilledColumn]:
    """The table's columns, then the details by name."""
    for name in mapping.table_columns:
        if name not in DOCUMENTS:
            value = mapping.columns.get(name)
            yield FilledColumn(name, value.described if value else name, filled[name])
    given = _given_details(mapping)
    found = {name for name in filled if "." in name}
    for name in sorted({*given, *found} - {name for name in given if name.endswith(f".{ALL}")}):
        head, _, own = name.partition(".")
        everything = given.get(f"{head}.{ALL}")
        kept = f"{everything.holder}.{own}" if everything and everything.holder else own
        yield FilledColumn(name, given[name].described if name in given else kept, filled[name])


def _given_details(mapping: Mapping) -> dict[str, Value]:
    """What the mapping makes the details of, by the names under which they are counted."""
    details = "properties" if mapping.is_events else "attributes"
    given = {f"{details}.{name}": value for name, value in (mapping.details or {}).items()}
    given |= {f"context.{name.partition('.')[0]}": value for name, value in (mapping.context or {}).items()}
    if mapping.group:
        lines = f"{details}.{mapping.group.lines}"
        given |= {f"{lines}.{name}": value for name, value in mapping.group.line.items()}
        given |= {f"{details}.{name}": value for name, value in mapping.group.sum.items()}
    return given


def _events(counted: Counter[tuple[str, str]]) -> Iterator[EventName]:
    for (theirs, ours), rows in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        yield EventName(theirs, ours, rows, ours in EVENT_NAMES)


def _left_out(counts: _Counts) -> Iterator[LeftOut]:
    for key, rows in sorted(counts.left_out.items(), key=lambda item: (item[0][1], -item[1], item[0])):
        reason, is_skipped = key
        file, line = counts.first[key]
        yield LeftOut(reason, is_skipped, rows, file, line)
