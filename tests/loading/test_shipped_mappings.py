"""Every shipped mapping against a sample of its source: awkward rows, each accounted for, and what becomes of them."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from activation.loading import LoadReport, read_mapping, shipped_mappings
from activation.warehouses import Warehouse

LoadFile = Callable[..., LoadReport]
Expected = list[dict[str, Any]]

SAMPLES = Path(__file__).parent / "samples"
ELSEWHERE = {"online_retail"}  # tested with the real file

# What of each sample is not loaded, by reason; what is loaded stands in `expected/<mapping>.jsonl`.
CASES: dict[str, tuple[str, dict[str, int]]] = {
    "segment": (
        "segment.jsonl",
        {"bad_properties": 1, "bad_total": 1, "missing_event_name": 1, "missing_user": 1, "user_id_not_text": 1},
    ),
    "segment_customers": ("segment.jsonl", {"not_identified": 1, "other_call": 17}),
    "segment_merges": ("segment.jsonl", {"other_call": 18}),
    "segment_accounts": ("segment.jsonl", {"other_call": 18}),
    "segment_emails": ("segment.jsonl", {"not_identified": 1, "other_call": 17}),
    "rudderstack": ("rudderstack.jsonl", {"bad_occurred_at": 1}),
    "rudderstack_customers": ("rudderstack.jsonl", {"not_identified": 1, "other_call": 8}),
    "rudderstack_merges": ("rudderstack.jsonl", {"other_call": 9}),
    "rudderstack_emails": ("rudderstack.jsonl", {"not_identified": 1, "other_call": 8}),
    "ga4": ("ga4.jsonl", {"bad_occurred_at": 1, "bad_products": 1, "bad_total": 1, "nobody": 1}),
    "snowplow": (
        "snowplow.jsonl",
        {
            "bad_contexts_com_snowplowanalytics_snowplow_ecommerce_product_1": 1,
            "bad_total": 1,
            "heartbeat": 1,
            "missing_user": 1,
        },
    ),
    "shopify_orders": ("shopify_orders.jsonl", {"bad_products": 1, "test_order": 1}),
    "shopify_cancellations": ("shopify_orders.jsonl", {"not_cancelled": 4, "test_order": 1}),
    "shopify_refunds": ("shopify_orders.jsonl", {"bad_refunds": 1, "no_refunds": 1, "test_order": 1}),
    "shopify_customers": ("shopify_customers.jsonl", {"missing_id": 1}),
    "shopify_emails": ("shopify_customers.jsonl", {"missing_id": 1, "no_address": 1}),
    "shopify_email_consents": ("shopify_customers.jsonl", {"missing_id": 1, "never_asked": 1, "no_address": 1}),
    "order_lines": ("order_lines.csv", {"bad_occurred_at": 1, "bad_quantity": 1, "missing_event_id": 1}),
}


def rows_of(warehouse: Warehouse, table: str, now: datetime) -> Expected:
    """What is in a raw table, as the expectations are written: without what is absent or set by the load itself."""
    key = "event_id" if table == "events" else "id"
    columns = "* exclude (load_id, loaded_at, known_at)"
    found = []
    for row in warehouse.rows(f"select {columns} from raw.{table} order by {key}"):
        written = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
            if value not in (None, False, "{}", now)
        }
        found.append({name: json.loads(value) if value[:1] == "{" else value for name, value in written.items()})
    return found


def expected_of(name: str) -> Expected:
    text = (SAMPLES / "expected" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_shipped_mapping_has_a_sample() -> None:
    """A mapping that is added is tested, or the list says where."""
    assert set(shipped_mappings()) == set(CASES) | ELSEWHERE


@pytest.mark.parametrize("name", CASES)
def test_a_sample_becomes_exactly_these_rows(
    name: str, load_file: LoadFile, warehouse: Warehouse, now: datetime
) -> None:
    """Names, ids, times in UTC and details are as written down, every other row has its reason, and all add up."""
    sample, reasons = CASES[name]
    mapping, wanted = read_mapping(name), expected_of(name)
    report = load_file(SAMPLES / sample, mapping=mapping)
    assert rows_of(warehouse, mapping.table, now) == wanted
    assert report.reasons == reasons
    assert (report.rows_quarantined, report.rows_skipped) == _quarantined_and_skipped(name, reasons)
    left_out = report.rows_duplicate + report.rows_quarantined + report.rows_skipped
    assert report.rows_loaded + left_out == report.rows_read


@pytest.mark.parametrize("name", CASES)
def test_loading_a_sample_again_adds_nothing(
    name: str, load_file: LoadFile, warehouse: Warehouse, now: datetime
) -> None:
    """Ids that a mapping composes are the same every time."""
    mapping = read_mapping(name)
    first = load_file(SAMPLES / CASES[name][0], mapping=mapping)
    again = load_file(SAMPLES / CASES[name][0], mapping=mapping)
    assert (again.rows_loaded, again.rows_duplicate) == (0, first.rows_loaded + first.rows_duplicate)


@pytest.mark.parametrize("name", ["ga4", "snowplow", "shopify_orders", "shopify_refunds"])
def test_parquet_gives_the_same_rows_as_json_lines(
    name: str, load_file: LoadFile, warehouse: Warehouse, now: datetime, tmp_path: Path
) -> None:
    """Lists and structures of Parquet are reached into like those of JSON."""
    mapping, sample = read_mapping(name), SAMPLES / CASES[name][0]
    report = load_file(sample, mapping=mapping)
    unfit = {row["source_line"] for row in warehouse.rows("select source_line from raw.quarantine")}
    lines = sample.read_text(encoding="utf-8").splitlines()
    fit = tmp_path / "fit.jsonl"
    fit.write_text("\n".join(line for number, line in enumerate(lines, 1) if number not in unfit), encoding="utf-8")
    parquet = tmp_path / "fit.parquet"
    duckdb.execute(f"copy (from read_json('{fit}', sample_size=-1)) to '{parquet}' (format parquet)")
    wanted = rows_of(warehouse, "events", now)
    warehouse.execute("delete from raw.events")
    again = load_file(parquet, mapping=mapping)
    assert again.rows_loaded == report.rows_loaded
    assert rows_of(warehouse, "events", now) == wanted


def _quarantined_and_skipped(name: str, reasons: dict[str, int]) -> tuple[int, int]:
    mapping = read_mapping(name)
    rules = {rule.name for rule in mapping.skip} | ({f"no_{mapping.each.list}"} if mapping.each else set())
    skipped = sum(count for reason, count in reasons.items() if reason in rules)
    return sum(reasons.values()) - skipped, skipped
