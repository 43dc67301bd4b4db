import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.loading import LoadReport, Mapping, load
from activation.loading import files as loading_files
from activation.warehouses import Warehouse

Write = Callable[..., Path]
LoadFile = Callable[..., LoadReport]

ORDERS = Mapping.model_validate(
    {
        "columns": {
            "event_id": {"compose": [{"constant": "order"}, "order"]},
            "event_name": {"constant": "Order Completed"},
            "user_id": "who",
            "occurred_at": "at",
        },
        "properties": {"order_id": "order", "voucher": "voucher"},
        "group": {
            "lines": "products",
            "line_id": "line",
            "line": {"product_id": "product", "quantity": {"column": "quantity", "type": "integer"}},
            "sum": {"total": "amount"},
        },
    }
)
HEADER = "line,order,who,at,product,quantity,amount,voucher"
LINES = (
    "l1,A,u1,2026-01-01T10:02:00,p1,1,0.10,",
    "l2,B,u2,2026-01-01T10:00:00,p1,1,5,SPRING",
    "l3,A,u1,2026-01-01T10:01:00,p2,2,0.20,",
    "l4,A,u1,2026-01-01T10:02:00,p1,1,0.10,",
)


def orders(warehouse: Warehouse) -> list[tuple[str, datetime, dict[str, Any]]]:
    rows = warehouse.rows("select event_id, occurred_at, properties from raw.events order by event_id")
    return [(row["event_id"], row["occurred_at"], json.loads(row["properties"])) for row in rows]


def test_lines_become_one_event(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """The earliest time counts, equal lines stay apart, sums are exact, rows are counted as lines."""
    report = load_file(write("l.csv", HEADER, *LINES), mapping=ORDERS)
    assert (report.rows_read, report.rows_loaded) == (4, 4)
    line = {"product_id": "p1", "quantity": 1}
    assert orders(warehouse) == [
        (
            "order:A",
            datetime(2026, 1, 1, 10, 1),
            {"order_id": "A", "products": [{"product_id": "p2", "quantity": 2}, line, line], "total": 0.4},
        ),
        ("order:B", datetime(2026, 1, 1, 10), {"order_id": "B", "products": [line], "total": 5.0, "voucher": "SPRING"}),
    ]
    properties = warehouse.rows("select properties from raw.events where event_id = 'order:A'")[0]["properties"]
    assert properties == json.dumps(json.loads(properties), sort_keys=True, separators=(",", ":"))


def test_a_repeat_counts_its_lines(write: Write, load_file: LoadFile) -> None:
    """Loading once more makes every line a duplicate."""
    path = write("l.csv", HEADER, *LINES)
    load_file(path, mapping=ORDERS)
    report = load_file(path, mapping=ORDERS)
    assert (report.rows_loaded, report.rows_duplicate) == (0, 4)


def test_a_line_given_twice_counts_once(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """The same line id again in one load is a duplicate and does not swell the order."""
    report = load_file(write("l.csv", HEADER, *LINES, LINES[0]), mapping=ORDERS)
    assert (report.rows_read, report.rows_loaded, report.rows_duplicate) == (5, 4, 1)
    assert orders(warehouse)[0][2]["total"] == 0.4


def test_an_unfit_line_does_not_take_its_order_along(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """The line is quarantined, the order loaded without it."""
    report = load_file(write("l.csv", HEADER, *LINES, "l5,B,u2,2026-01-01,p9,many,1,"), mapping=ORDERS)
    assert report.reasons == {"bad_quantity": 1}
    assert orders(warehouse)[1][2]["total"] == 5.0


def test_lines_may_come_in_any_batch_and_file(
    write: Write, warehouse: Warehouse, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order whose lines lie in several batches and files of one load is still one event."""
    monkeypatch.setattr(loading_files, "TEXT_BATCH_ROWS", 1)
    paths = [write("1.csv", HEADER, *LINES[:2]), write("2.csv", HEADER, *LINES[2:])]
    report = load(paths, warehouse=warehouse, now=now, mapping=ORDERS)
    assert report.rows_loaded == 4
    assert [len(found["products"]) for _, _, found in orders(warehouse)] == [3, 1]
