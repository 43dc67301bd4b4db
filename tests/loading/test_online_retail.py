"""The shipped mapping against the real file, counted once more in pandas."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activation.loading import LoadReport, load, read_mapping
from activation.warehouses import Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

PROJECT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ACTIVATION_TEST_DATA", PROJECT / ".." / "shared"))
CANDIDATES = [DATA / "online_retail_2009_2010.parquet", DATA / "data" / "online_retail_2009_2010.parquet"]
SOURCE = next((path for path in CANDIDATES if path.exists()), None)
SERVICE_CODES = "POST|DOT|D|M|S|B|C2|C3|BANK CHARGES|AMAZONFEE|ADJUST|ADJUST2|TEST001|TEST002|GIFT"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(SOURCE is None, reason="online_retail_2009_2010.parquet is absent: set ACTIVATION_TEST_DATA"),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LoadReport, Warehouse]]:
    folder = tmp_path_factory.mktemp("online_retail")
    with DuckDBWarehouse(folder / "warehouse.duckdb", folder / "copy.duckdb") as warehouse:
        warehouse.prepare()
        report = load(
            [str(SOURCE)],
            warehouse=warehouse,
            now=datetime(2011, 1, 1),
            mapping=read_mapping("online_retail"),
            history=True,
        )
        yield report, warehouse


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """The source's lines with the name of the rule that leaves each out, if any."""
    found = pd.read_parquet(str(SOURCE))
    found["rule"] = None
    is_service = found["product_id"].str.upper().isin(SERVICE_CODES.split("|"))
    found.loc[is_service, "rule"] = "service_code"
    is_free = (found["event_type"] == "free_item") & found["user_id"].isna()
    found.loc[is_free, "rule"] = "zero_price_without_customer"
    found.loc[found["event_type"] == "bad_debt_adjust", "rule"] = "bad_debt"
    found.loc[found["event_type"] == "stock_adjustment", "rule"] = "stock_adjustment"
    return found


def test_every_line_is_counted(loaded: tuple[LoadReport, Warehouse], lines: pd.DataFrame) -> None:
    """Each rule skips the lines that pandas finds for it; all the others are loaded."""
    report, _ = loaded
    assert report.rows_read == len(lines)
    assert report.reasons == lines["rule"].value_counts().to_dict()
    assert report.rows_loaded == lines["rule"].isna().sum()
    assert (report.rows_duplicate, report.rows_quarantined) == (0, 0)


def test_every_invoice_is_one_event(loaded: tuple[LoadReport, Warehouse], lines: pd.DataFrame) -> None:
    """Ids, names, people, first times in UTC, totals and the number of lines agree invoice by invoice."""
    kept = lines[lines["rule"].isna()].assign(value=lambda found: found["value"].abs())
    groups = kept.groupby("order_id")
    expected = pd.DataFrame(
        {
            "user_id": groups["user_id"].first(),
            "local": groups["event_time"].min(),
            "total": groups["value"].sum().round(2),
            "lines": groups.size(),
        }
    )
    zone = expected["local"].dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    found = {row["event_id"].removeprefix("order:"): row for row in loaded[1].rows("select * from raw.events")}
    assert set(found) == set(expected.index)
    for order_id, wanted, occurred_at in zip(expected.index, expected.itertuples(), zone, strict=True):
        _assert_event(str(order_id), found[order_id], wanted, occurred_at)


def _assert_event(order_id: str, row: dict[str, Any], wanted: Any, occurred_at: datetime) -> None:
    properties = json.loads(row["properties"])
    guest = None if isinstance(wanted.user_id, str) else f"guest:{order_id}"
    assert row["event_name"] == ("Order Refunded" if order_id.startswith("C") else "Order Completed")
    assert (row["user_id"], row["anonymous_id"]) == (None if guest else wanted.user_id, guest)
    assert row["occurred_at"] == row["known_at"] == occurred_at
    assert round(properties["total"], 2) == wanted.total
    assert len(properties["products"]) == wanted.lines
    assert all(line["quantity"] > 0 for line in properties["products"])


def test_loading_again_adds_nothing(loaded: tuple[LoadReport, Warehouse]) -> None:
    """Every line is a duplicate the second time."""
    first, warehouse = loaded
    mapping = read_mapping("online_retail")
    again = load([str(SOURCE)], warehouse=warehouse, now=datetime(2011, 1, 2), mapping=mapping, history=True)
    assert (again.rows_loaded, again.rows_duplicate) == (0, first.rows_loaded)
