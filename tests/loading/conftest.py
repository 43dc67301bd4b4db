import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.loading import LoadReport, load
from activation.warehouses import Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

NOW = datetime(2026, 3, 1, 12)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb", tmp_path / "warehouse_read.duckdb") as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines (text, or rows to be written as JSON) to a file of the name given."""

    def written(name: str, *lines: str | dict[str, Any]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return path

    return written


@pytest.fixture
def load_file(warehouse: Warehouse, now: datetime) -> Callable[..., LoadReport]:
    """Loads one file into the test's warehouse."""

    def loaded(path: Path, **options: Any) -> LoadReport:
        return load([path], warehouse=warehouse, **{"now": now, **options})

    return loaded


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """A row of an event that is fit; a value of None leaves the key out."""

    def made(event_id: str = "e1", /, **changes: Any) -> dict[str, Any]:
        row = {
            "event_id": event_id,
            "event_name": "Product Viewed",
            "user_id": "u1",
            "occurred_at": "2026-02-28T10:00:00Z",
            "properties": {"product_id": "p1"},
            **changes,
        }
        return {name: value for name, value in row.items() if value is not None}

    return made
