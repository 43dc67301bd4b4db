"""The shop's files: Parquet with the same bytes for the same rows, put in place by renaming."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from activation.simulator.mess import EVENT_SCHEMA
from activation.simulator.registry import CHANGE_SCHEMA
from activation.warehouses.schema import CHANGE_TABLES

EVENTS = "events"
TABLES = (EVENTS, *CHANGE_TABLES)
SCHEMAS: Mapping[str, pa.Schema] = {EVENTS: EVENT_SCHEMA} | dict.fromkeys(CHANGE_TABLES, CHANGE_SCHEMA)
ROW_GROUP = 100_000


def empty_table(table: str) -> pa.Table:
    return SCHEMAS[table].empty_table()


def split_by_time(table: str, rows: pa.Table, end: int) -> tuple[pa.Table, pa.Table]:
    """The rows that the shop's computer has by the instant `end`, and those that it will have later."""
    times = ("occurred_at", "received_at") if table == EVENTS else ("changed_at",)
    is_there = np.ones(rows.num_rows, dtype=np.bool_)
    for column in times:
        is_there &= pc.fill_null(rows[column].cast(pa.int64()), 0).to_numpy() <= end
    return rows.filter(pa.array(is_there)), rows.filter(pa.array(~is_there))


def write(folder: Path, table: str, instant: datetime, parts: list[pa.Table]) -> Path | None:
    """Write the rows of one table, in the order in which they became known; None when there are none."""
    rows = pa.concat_tables([empty_table(table), *parts]).combine_chunks()
    if not rows.num_rows:
        return None
    order = ("received_at", "event_id") if table == EVENTS else ("changed_at", "id")
    rows = rows.sort_by([(column, "ascending") for column in order])
    path = folder / table / f"{file_stem(instant)}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Readers look for *.parquet: what is not finished must not be called so.
    unfinished = path.with_name(f".{path.name}.part")
    pq.write_table(rows, unfinished, compression="zstd", row_group_size=ROW_GROUP, store_schema=False)
    unfinished.replace(path)
    return path


def file_stem(instant: datetime) -> str:
    """An instant that every file system takes as a name and that sorts as text."""
    return instant.strftime("%Y-%m-%dT%H-%M-%S") + (f"-{instant.microsecond:06d}" if instant.microsecond else "")
