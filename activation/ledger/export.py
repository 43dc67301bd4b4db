"""The ledger's changes as Arrow batches, one table of the warehouse's schema `engine` after the other."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, DateTime, Select, literal, select

from activation.ledger import tables
from activation.ledger.states import changes
from activation.ledger.store import Ledger, current_incarnation, newest_sequence

BATCH_SIZE = 10_000
TIME = pa.timestamp("us")

DELIVERY_CHANGES = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("message_key", pa.string()),
        ("decision_id", pa.string()),
        ("attempt_id", pa.int64()),
        ("environment", pa.string()),
        ("brand", pa.string()),
        ("trigger_id", pa.string()),
        ("trigger_version", pa.int64()),
        ("occurrence_ids", pa.string()),
        ("customer_id", pa.string()),
        ("unit_id", pa.string()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("destination", pa.string()),
        ("contact_point", pa.string()),
        ("template", pa.string()),
        ("variant", pa.string()),
        ("run_id", pa.int64()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("provider_id", pa.string()),
        ("changed_at", TIME),
        ("copied_at", TIME),
    ]
)
SUPPRESSIONS = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("contact_point", pa.string()),
        ("channel", pa.string()),
        ("brand", pa.string()),
        ("purpose", pa.string()),
        ("reason", pa.string()),
        ("source", pa.string()),
        ("is_lifted", pa.bool_()),
        ("changed_at", TIME),
        ("copied_at", TIME),
    ]
)
PAUSES = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("scope", pa.string()),
        ("reason", pa.string()),
        ("is_lifted", pa.bool_()),
        ("changed_at", TIME),
        ("copied_at", TIME),
    ]
)
APPROVALS = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("trigger_id", pa.string()),
        ("plan_digest", pa.string()),
        ("verdict", pa.string()),
        ("decided_by", pa.string()),
        ("note", pa.string()),
        ("person_count", pa.int64()),
        ("decided_at", TIME),
        ("copied_at", TIME),
    ]
)
FEEDBACK = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("feedback_id", pa.string()),
        ("kind", pa.string()),
        ("message_key", pa.string()),
        ("contact_point", pa.string()),
        ("channel", pa.string()),
        ("occurred_at", TIME),
        ("recorded_at", TIME),
        ("copied_at", TIME),
    ]
)
AUDIENCE_MEMBERS = pa.schema(
    [
        ("incarnation", pa.string()),
        ("sequence", pa.int64()),
        ("audience_id", pa.string()),
        ("destination", pa.string()),
        ("member_id", pa.string()),
        ("identifier", pa.string()),
        ("action", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("traits_hash", pa.string()),
        ("request_id", pa.string()),
        ("changed_at", TIME),
        ("copied_at", TIME),
    ]
)
RUNS = pa.schema(
    [
        ("run_id", pa.int64()),
        ("lane", pa.string()),
        ("as_of", TIME),
        ("mode", pa.string()),
        ("started_at", TIME),
        ("announced_at", TIME),
        ("copied_at", TIME),
    ]
)
MARKS = pa.schema([("incarnation", pa.string()), ("high_water_mark", pa.int64()), ("copied_at", TIME)])

SCHEMAS = {
    "delivery_changes": DELIVERY_CHANGES,
    "suppressions": SUPPRESSIONS,
    "pauses": PAUSES,
    "approvals": APPROVALS,
    "feedback": FEEDBACK,
    "audience_members": AUDIENCE_MEMBERS,
    "runs": RUNS,
    "marks": MARKS,
}


def export_changes(
    ledger: Ledger, after: int = 0, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Every change numbered above `after`, as (table of the schema `engine`, batch); the mark comes last.

    All batches show one instant. Changes become visible in the order of their numbers, so that going on from the last
    copied mark misses nothing; a lower `after` repeats some, which readers that take the highest number do not mind.
    """
    copied_at = ledger.clock.now()
    with ledger.snapshot() as connection:
        incarnation = current_incarnation(connection)
        for table, query in _queries(after).items():
            stamped = query.add_columns(
                literal(incarnation).label("incarnation"), literal(copied_at, DateTime()).label("copied_at")
            )
            for batch in _batches(connection, stamped, SCHEMAS[table], batch_size):
                yield table, batch
        yield "marks", _mark(incarnation, newest_sequence(connection), copied_at)


def _queries(after: int) -> dict[str, Select[Any]]:
    plain = {
        "suppressions": tables.suppressions,
        "pauses": tables.pauses,
        "approvals": tables.approvals,
        "feedback": tables.feedback,
        "audience_members": tables.audience_members,
        "runs": tables.runs,
    }
    queries: dict[str, Select[Any]] = {"delivery_changes": _delivery_changes(after)}
    for name, table in plain.items():
        columns = [table.c[field] for field in SCHEMAS[name].names if field in table.c]
        queries[name] = select(*columns).where(table.c.sequence > after).order_by(table.c.sequence)
    return queries


def _delivery_changes(after: int) -> Select[Any]:
    every = changes(after=after).subquery("every_change")
    own = [column for column in every.c if column.name in DELIVERY_CHANGES.names]
    taken = {column.name for column in own}
    about = [
        tables.messages.c[name] for name in DELIVERY_CHANGES.names if name in tables.messages.c and name not in taken
    ]
    return select(*own, *about).join_from(every, tables.messages, every.c.message_key == tables.messages.c.message_key)


def _batches(
    connection: Connection, query: Select[Any], schema: pa.Schema, batch_size: int
) -> Iterator[pa.RecordBatch]:
    result = connection.execution_options(stream_results=True).execute(query)
    places = [list(result.keys()).index(name) for name in schema.names]
    for rows in result.partitions(batch_size):
        columns = list(zip(*rows, strict=True))
        yield _batch([columns[place] for place in places], schema)


def _batch(columns: Sequence[Sequence[object]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _mark(incarnation: str, high_water_mark: int, copied_at: datetime) -> pa.RecordBatch:
    return _batch([[incarnation], [high_water_mark], [copied_at]], MARKS)
