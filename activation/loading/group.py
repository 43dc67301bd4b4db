"""Source rows that are the lines of one event: gathered over the whole load, whichever batch they came in."""

# ruff: noqa: S608 - the queries are compiled from a checked mapping; names and literals are quoted

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa

from activation.loading.mapping import Group, Mapping
from activation.loading.source import literal, member

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


def grouped_events(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> Iterator[pa.RecordBatch]:
    """One row per group. It happened at its first line's time, and what its lines say once is taken from the first."""
    group = mapping.group
    if group is None:
        return
    connection.execute("create table kept as " + _kept(group))
    firsts = ", ".join(f"arg_min({name}, (occurred_at, file, line)) as {name}" for name in (*TEXTS, "properties"))
    sums = "".join(f", sum(group_sum_{position})::double as group_sum_{position}" for position in range(len(group.sum)))
    query = f"""
        with gathered as (
            select
                event_id, {firsts}, min(occurred_at) as occurred_at, min((file, line)) as place,
                '[' || string_agg(group_line, ',' order by occurred_at, file, line) || ']' as group_lines{sums}
            from kept group by event_id
        )
        select {", ".join(mapping.table_columns)}
        from (select * replace ({_properties(mapping, group)} as properties) from gathered) order by place
    """
    yield from connection.execute(query).to_arrow_reader(BATCH_ROWS)


def _properties(mapping: Mapping, group: Group) -> str:
    """The first line's properties, the sums and the lines as one object, its keys in order."""
    values = {name: f"json_extract(properties, {member(name)})" for name in mapping.properties or {}}
    values |= {name: f"group_sum_{position}" for position, name in enumerate(group.sum)}
    values[group.lines] = "group_lines::json"
    pairs = ", ".join(f"{literal(name)}, {values[name]}" for name in sorted(values))
    return f"json_merge_patch('{{}}', json_object({pairs}))::varchar"


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
