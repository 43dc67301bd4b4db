from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from activation.errors import InputError, WarehouseError
from activation.loading.archive import archive_events, restore_events
from activation.warehouses.duckdb import DuckDBWarehouse
from activation.warehouses.schema import EVENTS

NOW = datetime(2026, 6, 1)
BEFORE = datetime(2026, 3, 10)
EVERYTHING = "select * from raw.events union all select * from raw.archived_events order by event_id, load_id"


def row(number: int) -> dict[str, Any]:
    """One event of every fifth day, the year through; awkward in its text, null where it may be."""
    known_at = datetime(2025, 11, 28, 23, 59, 59, 999_999) + timedelta(days=5 * number)
    return {
        "event_id": f"e{number:03}",
        "event_name": "Product Viewed",
        "user_id": None if number % 3 else "ü'\"\u202e",
        "anonymous_id": "a1",
        "occurred_at": known_at,
        "received_at": None,
        "properties": '{"name":"\u0000\\\\u0000 \U0001f6d2"}'.replace("\u0000", ""),
        "context": "{}",
        "load_id": number // 7 + 1,
        "loaded_at": known_at,
        "known_at": known_at,
    }


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb", tmp_path / "read.duckdb") as opened:
        opened.prepare()
        fields = {"bigint": pa.int64(), "text": pa.string(), "timestamp": pa.timestamp("us")}
        rows = pa.RecordBatch.from_pylist(
            [row(number) for number in range(35)], pa.schema([(name, fields[kind]) for name, kind in EVENTS])
        )
        opened.append("raw", "events", [rows])
        yield opened


def count(warehouse: DuckDBWarehouse, table: str) -> int:
    return int(warehouse.rows(f"select count(*) as row_count from raw.{table}")[0]["row_count"])


def test_every_row_is_in_the_table_or_in_the_archive(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """What was known before the instant lies in one file per month, everything else in the table, nothing in both."""
    before = warehouse.rows(EVERYTHING)
    report = archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    assert report.files == tuple(
        f"{month}.1.parquet" for month in ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03")
    )
    assert report.events == count(warehouse, "archived_events") == 21
    assert count(warehouse, "events") == 14
    assert warehouse.rows("select max(known_at) as at from raw.archived_events")[0]["at"] < BEFORE
    assert warehouse.rows("select min(known_at) as at from raw.events")[0]["at"] >= BEFORE
    assert warehouse.rows(EVERYTHING) == before


def test_a_month_is_archived_in_parts(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """A later call adds files to those that are there, for a month that was cut or rows that came late."""
    before = warehouse.rows(EVERYTHING)
    archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    report = archive_events(warehouse, tmp_path / "archive", datetime(2026, 4, 1), NOW)
    assert report.files == ("2026-03.2.parquet",)
    assert warehouse.rows(EVERYTHING) == before
    warehouse.prepare()
    assert warehouse.rows(EVERYTHING) == before


def test_everything_comes_back(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """Restoring puts the rows back as they were and leaves neither files nor records of them."""
    before = warehouse.rows("select * from raw.events order by event_id")
    archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    assert restore_events(warehouse, tmp_path / "archive").events == 21
    assert warehouse.rows("select * from raw.events order by event_id") == before
    assert count(warehouse, "archived_events") == count(warehouse, "archives") == 0
    assert list((tmp_path / "archive").iterdir()) == []
    assert archive_events(warehouse, tmp_path / "archive", BEFORE, NOW).events == 21


def test_an_archive_that_lost_a_file_cannot_be_read_as_if_it_had_not(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    """Reading fails, archiving more fails, restoring fails; none of them goes on with fewer events."""
    archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    (tmp_path / "archive" / "2026-01.1.parquet").unlink()
    for step in (
        lambda: warehouse.rows("select * from raw.archived_events"),
        lambda: archive_events(warehouse, tmp_path / "archive", NOW, NOW),
        lambda: restore_events(warehouse, tmp_path / "archive"),
    ):
        with pytest.raises(WarehouseError, match=r"2026-01\.1\.parquet"):
            step()
    assert count(warehouse, "events") == 14


def test_a_file_that_was_changed_is_not_restored(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """A month's file under another month's name is refused, and nothing has moved."""
    archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    (tmp_path / "archive" / "2026-01.1.parquet").write_bytes((tmp_path / "archive" / "2026-02.1.parquet").read_bytes())
    with pytest.raises(WarehouseError, match="not as it was written"):
        restore_events(warehouse, tmp_path / "archive")
    assert count(warehouse, "archives") == 5
    assert count(warehouse, "events") == 14


def test_what_does_not_match_is_not_deleted(
    warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the files hold other rows than the table, nothing is moved."""
    read = warehouse.read
    monkeypatch.setattr(warehouse, "read", lambda query, **more: (batch.slice(1) for batch in read(query, **more)))
    with pytest.raises(WarehouseError, match="1 events are missing"):
        archive_events(warehouse, tmp_path / "archive", BEFORE, NOW)
    assert count(warehouse, "events") == 35
    assert count(warehouse, "archived_events") == count(warehouse, "archives") == 0


def test_nothing_old_is_said_so(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """An instant before the first event is refused."""
    with pytest.raises(InputError, match="No event was known before"):
        archive_events(warehouse, tmp_path / "archive", datetime(2025, 1, 1), NOW)
