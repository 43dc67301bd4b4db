import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from activation.loading import LoadReport, load
from activation.warehouses import Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

NOW = datetime(2026, 3, 1)

FIT = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([f"e{number}" for number in range(12)]),
        "event_name": st.just("X"),
        "user_id": st.just("u"),
        "occurred_at": st.just("2026-01-01T00:00:00Z"),
    }
)
# Every row of one id says the same, as a source that repeats itself does.
ROWS = FIT.map(lambda row: json.dumps({**row, "properties": {"of": row["event_id"]}}))
BROKEN = st.sampled_from(["{", "[]", "null", '{"event_id":"x"}', '{"event_id":1}', '"text"', "\u2028", '{"a":NaN}'])
PARTS = st.lists(st.lists(ROWS | BROKEN, min_size=1, max_size=8), min_size=1, max_size=4)


def loaded(parts: list[list[str]], folder: Path, name: str) -> tuple[list[LoadReport], list[dict[str, Any]]]:
    """Load each part as one load; the reports and what the raw table then says of the events."""
    reports = []
    with DuckDBWarehouse(folder / f"{name}.duckdb", folder / "copy.duckdb") as warehouse:
        warehouse.prepare()
        for number, part in enumerate(parts):
            # One row that is always fit: a part of broken lines alone is refused whole.
            fit = {"event_id": "sure", "event_name": "X", "user_id": "u", "occurred_at": "2026-01-01"}
            path = folder / f"{name}{number}.jsonl"
            path.write_text("\n".join([json.dumps(fit), *part]), encoding="utf-8")
            reports.append(load([path], warehouse=warehouse, now=NOW))
        _assert_counts_are_kept(warehouse, reports)
        query = "select * exclude (load_id) from raw.events order by event_id"
        return reports, warehouse.rows(query)


def _assert_counts_are_kept(warehouse: Warehouse, reports: list[LoadReport]) -> None:
    counts = warehouse.rows("select (select count(*) from raw.events) as e, (select count(*) from raw.quarantine) as q")
    assert counts == [
        {"e": sum(report.rows_loaded for report in reports), "q": sum(report.rows_quarantined for report in reports)}
    ]


@given(PARTS, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_every_row_is_accounted_for_however_the_rows_are_split(parts: list[list[str]], random: Any) -> None:
    """Loaded, duplicate, quarantined and skipped add up to read, and any split and overlap gives the same table."""
    flat = [row for part in parts for row in part]
    shuffled = flat + random.sample(flat, len(flat) // 2)
    random.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        reports, table = loaded(parts, Path(folder), "split")
        _, whole = loaded([shuffled], Path(folder), "whole")
    assert table == whole
    for report, part in zip(reports, parts, strict=True):
        total = report.rows_loaded + report.rows_duplicate + report.rows_quarantined + report.rows_skipped
        assert report.rows_read == total == len(part) + 1
