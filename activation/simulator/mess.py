"""What goes wrong between a person's browser and the warehouse: repeats, late arrivals, wrong clocks, broken rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.people import DAY, HOUR, MINUTE, SECOND, Ints
from activation.simulator.scenario import Mess, Scenario
from activation.simulator.scripts import Events
from activation.simulator.vocabulary import EVENT_NAMES, VIEWED

LATEST = 3 * DAY
NOBODY = pa.array(["null", "guest"])
BROKEN_WAYS = 4

EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_name", pa.string()),
        ("user_id", pa.string()),
        ("anonymous_id", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("received_at", pa.timestamp("us")),
        ("properties", pa.string()),
        ("context", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Origins:
    """Where each event comes from: its person's place, and how wrong the person's clocks are."""

    place: Ints
    skew: Ints


def arrive(
    rng: np.random.Generator, events: Events, origins: Origins, first_number: int, scenario: Scenario
) -> tuple[pa.Table, int]:
    """The rows that reach the warehouse for what truly happened, and the next free event number."""
    count = len(events)
    is_server = events.device == 0
    occurred_at = events.occurred_at + np.where(is_server, 0, origins.skew)
    received_at = events.occurred_at + _delays(rng, count, scenario.mess.late)
    received_at = scenario.held_back(received_at, rng.random(count))
    columns = [
        documents.event_ids(first_number, count),
        EVENT_NAMES.take(pa.array(events.kind)),
        _users(rng, events, scenario.mess.nobody),
        _unless(documents.anonymous_ids(events.device), is_server),
        pa.array(occurred_at).cast(pa.timestamp("us")),
        pa.array(received_at).cast(pa.timestamp("us")),
        events.properties,
        _contexts(events, origins.place),
    ]
    clean = pa.Table.from_arrays(columns, schema=EVENT_SCHEMA)
    broken = _broken(rng, clean, np.flatnonzero(events.kind == VIEWED), first_number + count, scenario.mess)
    return pa.concat_tables([clean, _repeats(rng, clean, scenario), broken]), first_number + count + broken.num_rows


def repeat_changes(rng: np.random.Generator, tables: Mapping[str, pa.Table], mess: Mess) -> dict[str, pa.Table]:
    """The rows of change, some of them twice."""
    twice = {}
    for table, rows in tables.items():
        again = np.flatnonzero(rng.random(rows.num_rows) < mess.repeated)
        twice[table] = pa.concat_tables([rows, rows.take(pa.array(again))])
    return twice


def _users(rng: np.random.Generator, events: Events, nobody: float) -> Any:
    """Who the events say it was; some say so of people whom they do not know."""
    unknown = events.customer < 0
    texts = _unless(documents.customer_ids(np.maximum(events.customer, 0)), unknown)
    draw = rng.random(len(events))
    names = NOBODY.take(pa.array((draw < nobody / 2).astype(np.int64)))
    return pa.compute.if_else(pa.array(unknown & (events.device > 0) & (draw < nobody)), names, texts)


def _delays(rng: np.random.Generator, count: int, late_share: float) -> Ints:
    """Seconds for most, minutes to days for the late ones; whole milliseconds."""
    usual = rng.uniform(0.1 * SECOND, 4 * SECOND, count)
    late = np.exp(rng.uniform(np.log(5 * MINUTE), np.log(LATEST), count))
    delay = np.where(rng.random(count) < late_share, late, usual)
    return np.asarray(delay.astype(np.int64) // 1000 * 1000)


def _unless(texts: Any, absent: Any) -> Any:
    return pa.compute.if_else(pa.array(absent), pa.scalar(None, pa.string()), texts)


def _contexts(events: Events, place: Ints) -> Any:
    """What an event says of itself, else what its device says, else that the server reports it."""
    usual = documents.contexts(place, events.device)
    return usual if events.context is None else pa.compute.coalesce(events.context, usual)


def _repeats(rng: np.random.Generator, clean: pa.Table, scenario: Scenario) -> pa.Table:
    """Rows that arrive again: half of them at once, half after a while."""
    chosen = np.flatnonzero(rng.random(clean.num_rows) < scenario.mess.repeated)
    again = clean.take(pa.array(chosen))
    wait = np.where(rng.random(len(chosen)) < 0.5, 0, rng.exponential(6 * HOUR, len(chosen))).astype(np.int64)
    received_at = again["received_at"].cast(pa.int64()).to_numpy() + wait // 1000 * 1000
    received_at = scenario.held_back(received_at, rng.random(len(chosen)))
    return _replaced(again, "received_at", pa.array(received_at).cast(pa.timestamp("us")))


def _broken(rng: np.random.Generator, clean: pa.Table, views: Ints, first_number: int, mess: Mess) -> pa.Table:
    """Extra rows that no loader may let in, each broken in one of four ways."""
    chosen = views[rng.random(len(views)) < mess.broken * clean.num_rows / max(1, len(views))]
    rows = clean.take(pa.array(chosen))
    rows = _replaced(rows, "event_id", documents.event_ids(first_number, len(chosen)))
    way = rng.integers(0, BROKEN_WAYS, len(chosen))
    nothing = pa.scalar(None, pa.string())
    for column in ("user_id", "anonymous_id"):
        rows = _replaced_where(rows, column, way == 0, nothing)
    rows = _replaced_where(rows, "occurred_at", way == 1, pa.scalar(None, pa.timestamp("us")))
    rows = _replaced_where(rows, "event_name", way == 2, pa.scalar(""))
    return _replaced_where(rows, "properties", way == 3, pa.scalar('{"product_id":"p-0'))


def _replaced(table: pa.Table, column: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(column), table.schema.field(column), values)


def _replaced_where(table: pa.Table, column: str, chosen: Any, value: Any) -> pa.Table:
    return _replaced(table, column, pa.compute.if_else(pa.array(chosen), value, table[column]))
