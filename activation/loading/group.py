"""Source rows that are the lines of one event: gathered over the whole load, whichever batch they came in.

The lines wait in a table and come back sorted, so that only one group at a time is held in memory.
"""

# ruff: noqa: S608 - the queries are compiled from a checked mapping; names and literals are quoted

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa

from activation.loading.json_text import parsed_json, written_json
from activation.loading.mapping import Group, Mapping

BATCH_ROWS = 10_000
LINES = """
create table lines (
    file integer, line bigint, event_id varchar, event_name varchar, user_id varchar, anonymous_id varchar,
    occurred_at timestamp, received_at timestamp, properties varchar, context varchar,
    group_line varchar, group_line_id varchar
"""
GROUPS = "create table groups (event_id varchar, line_count bigint)"
TIMESTAMP = pa.timestamp("us")
EVENT_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("event_id", "event_name", "user_id", "anonymous_id")),
        ("occurred_at", TIMESTAMP),
        ("received_at", TIMESTAMP),
        ("properties", pa.string()),
        ("context", pa.string()),
    ]
)

Line = dict[str, Any]


def prepare_lines(connection: duckdb.DuckDBPyConnection, group: Group) -> None:
    """Create the tables in which the lines wait until all files are read, and their groups are counted."""
    sums = "".join(f", group_sum_{position} decimal(38, 6)" for position in range(len(group.sum)))
    connection.execute(f"{LINES}{sums})")
    connection.execute(GROUPS)


def add_lines(connection: duckdb.DuckDBPyConnection, file: int) -> int:
    """Keep a batch's fit rows as lines; returns how many."""
    row = connection.execute(f"insert into lines by name select *, {file} as file from fit").fetchone()
    return int(row[0]) if row else 0


def grouped_events(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> Iterator[pa.RecordBatch]:
    """One row per group. It happened at its first line's time, and what its lines say once is taken from the first."""
    if mapping.group is None:
        return
    groups = (list(lines) for _, lines in groupby(_sorted_lines(connection), key=itemgetter("event_id")))
    while batch := [_distinct(lines) for lines in islice(groups, BATCH_ROWS)]:
        counts = [{"event_id": lines[0]["event_id"], "line_count": len(lines)} for lines in batch]
        _insert(connection, "groups", pa.Table.from_pylist(counts))
        yield pa.RecordBatch.from_pylist([_event(lines, mapping.group) for lines in batch], EVENT_SCHEMA)


def count_lines(connection: duckdb.DuckDBPyConnection, appended: Iterable[pa.RecordBatch]) -> int:
    """How many lines the events have whose ids are given."""
    connection.execute("create table appended (event_id varchar)")
    for batch in appended:
        _insert(connection, "appended", pa.Table.from_batches([batch]))
    row = connection.execute("select sum(line_count) from groups semi join appended using (event_id)").fetchone()
    return int(row[0] or 0) if row else 0


def _sorted_lines(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """Over a cursor of its own: other statements run before the last line is read."""
    with connection.cursor() as cursor:
        query = "select * exclude (file, line) from lines order by event_id, occurred_at, file, line"
        for batch in cursor.execute(query).to_arrow_reader(BATCH_ROWS):
            yield from batch.to_pylist()


def _distinct(lines: Sequence[Line]) -> list[Line]:
    """Without the lines that repeat another's id; those without an id are all kept."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        line_id = line["group_line_id"]
        if line_id is None or line_id not in seen:
            kept.append(line)
            seen.add(line_id)
    return kept


def _event(lines: Sequence[Line], group: Group) -> Line:
    event = {name: _first_known(lines, name) for name in EVENT_SCHEMA.names}
    parts = {name: written_json(value) for name, value in parsed_json(event["properties"]).items()}
    for position, name in enumerate(group.sum):
        parts[name] = json.dumps(float(sum(line[f"group_sum_{position}"] for line in lines)))
    parts[group.lines] = "[" + ",".join(line["group_line"] for line in lines) + "]"
    written = (f"{written_json(name)}:{parts[name]}" for name in sorted(parts))
    return {**event, "properties": "{" + ",".join(written) + "}"}


def _first_known(lines: Sequence[Line], name: str) -> Any:
    return next((line[name] for line in lines if line[name] is not None), None)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("arriving", rows)
    connection.execute(f"insert into {table} by name select * from arriving")
    connection.unregister("arriving")
