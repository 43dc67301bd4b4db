"""Source rows that are the lines of one event: gathered over the whole load, whichever batch they came in."""

# ruff: noqa: S608 - the queries are compiled from a checked mapping; names and literals are quoted

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa

from activation.loading.mapping import Group
from activation.loading.source import literal

BATCH_ROWS = 10_000
LINES = """
create table lines (
    file integer, line bigint, event_id varchar, event_name varchar, user_id varchar, anonymous_id varchar,
    occurred_at timestamp, received_at timestamp, properties varchar, context varchar,
    group_line varchar, group_line_id varchar
"""
TEXTS = ("event_name", "user_id", "anonymous_id", "received_at", "context")


def prepare_lines(connection: duckdb.DuckDBPyConnection, group: Group) -> None:
    """Create the table in which the lines wait until all files are read."""
    sums = "".join(f", group_sum_{position} decimal(38, 6)" for position in range(len(group.sum)))
    connection.execute(f"{LINES}{sums})")


def add_lines(connection: duckdb.DuckDBPyConnection, file: int) -> int:
    """Keep a batch's fit rows as lines; returns how many."""
    row = connection.execute(f"insert into lines by name select *, {file} as file from fit").fetchone()
    return int(row[0]) if row else 0


def grouped_events(connection: duckdb.DuckDBPyConnection, group: Group, columns: str) -> Iterator[pa.RecordBatch]:
    """One row per group. It happened at its first line's time, and what its lines say once is taken from the first."""
    connection.execute("create table kept as " + _kept(group))
    firsts = ", ".join(f"arg_min({name}, (occurred_at, file, line)) as {name}" for name in TEXTS)
    sums = "".join(f", {literal(name)}, sum(group_sum_{position})::double" for position, name in enumerate(group.sum))
    lines = "'[' || string_agg(group_line, ',' order by occurred_at, file, line) || ']'"
    query = f"""
        with gathered as (
            select
                event_id, {firsts}, min(occurred_at) as occurred_at, min((file, line)) as place,
                arg_min(properties, (occurred_at, file, line)) as first_properties,
                json_object({literal(group.lines)}, ({lines})::json{sums})::varchar as group_properties
            from kept group by event_id
        ),
        written as (
            select
                * exclude (first_properties, group_properties),
                normal_json(json_merge_patch(first_properties, group_properties)::varchar) as properties
            from gathered
        )
        select {columns} from written order by place
    """
    yield from connection.execute(query).to_arrow_reader(BATCH_ROWS)


def count_lines(connection: duckdb.DuckDBPyConnection, appended: Iterable[pa.RecordBatch]) -> int:
    """How many lines the events have whose ids are given."""
    connection.execute("create table appended (event_id varchar)")
    for batch in appended:
        connection.register("appended_batch", pa.Table.from_batches([batch]))
        connection.execute("insert into appended by name select event_id from appended_batch")
        connection.unregister("appended_batch")
    row = connection.execute("select count(*) from kept semi join appended using (event_id)").fetchone()
    return int(row[0]) if row else 0


def _kept(group: Group) -> str:
    if group.line_id is None:
        return "select * from lines"
    return """
        select * from lines
        qualify row_number() over (partition by event_id, group_line_id order by file, line) = 1
    """
