"""What no sane source writes and some do: it is refused or quarantined by name, and never held in memory whole."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activation.errors import BusyError, LoadError, MappingError
from activation.loading import LoadReport, Mapping, files, load
from activation.loading.lines import KEPT, LONGEST_LINE
from activation.warehouses import Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

LoadFile = Callable[..., LoadReport]
MakeEvent = Callable[..., dict[str, Any]]
MEGABYTE = 1 << 20

# Loads one file in a process of its own and says how much memory that took at most, in bytes.
LOADER = """
import json, resource, sys
from datetime import datetime
from pathlib import Path
from activation.loading import load
from activation.warehouses.duckdb import DuckDBWarehouse
path, folder = sys.argv[1:]
with DuckDBWarehouse(Path(folder) / "own.duckdb", Path(folder) / "copy.duckdb") as warehouse:
    warehouse.prepare()
    report = load([path], warehouse=warehouse, now=datetime(2026, 3, 1, 12))
print(json.dumps({
    "loaded": report.rows_loaded, "reasons": report.reasons,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
"""


def loaded_apart(path: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    command = [sys.executable, "-c", LOADER, str(path), str(folder)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def quarantined(warehouse: Warehouse) -> Counter[str]:
    return Counter(row["reason"] for row in warehouse.rows("select reason from raw.quarantine"))


@pytest.mark.parametrize("name", ["long.jsonl", "long.csv", "long.jsonl.gz"])
def test_a_line_of_hundreds_of_megabytes_is_quarantined_by_its_beginning(
    tmp_path: Path, name: str, event: MakeEvent
) -> None:
    """Its neighbours are loaded, and it takes no more memory than a file without it."""
    if ".csv" in name:
        columns = "event_id,event_name,user_id,occurred_at,note\n"
        rows = [f"{key},Product Viewed,u1,2026-02-28T10:00:00Z," for key in ("a", "long", "b")]
        first, long, last = f"{columns}{rows[0]}\n", f'{rows[1]}"', f"\n{rows[2]}\n"
    else:
        first, last = (json.dumps(event(key)) + "\n" for key in ("a", "b"))
        long = '{"event_id":"long","note":"'
        last = '"}\n' + last
    write = gzip.open if name.endswith(".gz") else open
    usual, awkward = tmp_path / f"usual-{name}", tmp_path / name
    for path, megabytes in ((usual, 1), (awkward, 400)):
        with write(path, "wb") as target:
            target.write((first + long).encode())
            for _ in range(megabytes):
                target.write(b"x" * MEGABYTE)
            target.write(last.encode())
    found, compared = loaded_apart(awkward, tmp_path / "long"), loaded_apart(usual, tmp_path / "usual")
    assert found["loaded"] == 2
    assert found["reasons"] == {"line_too_long": 1}
    assert found["memory"] - compared["memory"] < 100 * MEGABYTE


def test_a_long_value_in_parquet_is_quarantined_by_its_beginning(
    tmp_path: Path, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse
) -> None:
    """Only the row that has it; its text is kept as far as one can look at it."""
    rows = [event(key, properties=None, note="x" * size) for key, size in (("a", 1), ("b", LONGEST_LINE + 1), ("c", 2))]
    path = tmp_path / "long.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    report = load_file(path)
    assert (report.rows_loaded, report.reasons) == (2, {"line_too_long": 1})
    text = warehouse.rows("select row_text, source_line from raw.quarantine")[0]
    assert text["source_line"] == 2
    assert KEPT < len(text["row_text"]) < 2 * KEPT


def test_large_rows_are_read_a_few_at_a_time(tmp_path: Path, event: MakeEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is bounded by its bytes as well as by its rows."""
    path = tmp_path / "large.parquet"
    notes = [os.urandom(500).hex() for _ in range(100)]
    pq.write_table(pa.Table.from_pylist([event(f"e{place}", note=note) for place, note in enumerate(notes)]), path)
    monkeypatch.setattr(files, "PARQUET_BYTES", 10_000)
    _, batches = files.find_files([path])[0].read()
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 100
    assert max(sizes) <= 10


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"event_id":"e","properties":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}", "broken_json"),
        ('{"event_id":"e","properties":' + "[" * 500_000 + "]" * 500_000 + "}", "broken_json"),
        ('{"event_id":"e","properties":' + "[" * 500_000, "broken_json"),
        ('{"event_id":"e","properties":{"price":NaN}}', "broken_json"),
        ('{"event_id":"e","properties":{"price":-Infinity}}', "broken_json"),
        ('{"event_id":"e\\u0000"}', "broken_json"),
    ],
    ids=["objects", "lists", "open", "nan", "infinity", "nul"],
)
def test_json_that_no_parser_should_be_asked_to_take(
    tmp_path: Path, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse, line: str, reason: str
) -> None:
    """Nested without end, not numbers, or with characters that a warehouse cannot hold."""
    path = tmp_path / "odd.jsonl"
    path.write_text(f"{json.dumps(event())}\n{line}\n", encoding="utf-8")
    report = load_file(path)
    assert (report.rows_loaded, report.rows_quarantined) == (1, 1)
    assert quarantined(warehouse) == {reason: 1}


def test_nesting_and_nul_within_a_cell(tmp_path: Path, load_file: LoadFile, warehouse: Warehouse) -> None:
    """A column of JSON is held to the same as a line of it."""
    nested = '{"a":' * 200 + "1" + "}" * 200
    rows = [("a", "{}"), ("b", nested), ("c", '{"a":"\\u0000"}'), ("d", '{"price":NaN}')]
    cells = [
        {"event_id": key, "event_name": "x", "user_id": "u", "occurred_at": "2026-02-01", "properties": text}
        for key, text in rows
    ]
    path = tmp_path / "cells.parquet"
    pq.write_table(pa.Table.from_pylist(cells), path)
    assert load_file(path).rows_loaded == 1
    assert quarantined(warehouse) == {"bad_properties": 3}


def test_numbers_that_are_none(tmp_path: Path, load_file: LoadFile, warehouse: Warehouse) -> None:
    """NaN and infinity in columns of numbers are no values of a typed property, in Parquet as in text."""
    mapping = Mapping.model_validate({"properties": {"price": {"column": "price", "type": "number"}}})
    prices = [1.5, float("nan"), float("inf"), float("-inf"), None]
    rows = [
        {"event_id": str(place), "event_name": "x", "user_id": "u", "occurred_at": "2026-02-01", "price": price}
        for place, price in enumerate(prices)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "n.parquet")
    text = "".join(f"t{row['event_id']},x,u,2026-02-01,{row['price']}\n" for row in rows[:4])
    (tmp_path / "n.csv").write_text(f"event_id,event_name,user_id,occurred_at,price\n{text}", encoding="utf-8")
    reports = [load_file(tmp_path / name, mapping=mapping) for name in ("n.parquet", "n.csv")]
    assert [report.rows_loaded for report in reports] == [2, 1]
    assert quarantined(warehouse) == {"bad_price": 6}
    found = warehouse.rows("select properties from raw.events where event_id in ('0', '4') order by event_id")
    assert [row["properties"] for row in found] == ['{"price":1.5}', "{}"]


TIMES = {
    "0001-01-01T00:00:00": "occurred_at_too_early",
    "0000-01-01T00:00:00": "occurred_at_too_early",
    "9999-12-31T23:59:59.999999": "occurred_at_in_future",
    "99999-01-01T00:00:00": "bad_occurred_at",
    "-0044-03-15T00:00:00": "bad_occurred_at",
    "infinity": "bad_occurred_at",
    "2026-02-30T00:00:00": "bad_occurred_at",
    "1e10": "bad_occurred_at",
}


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Pacific/Kiritimati"])
def test_times_at_the_ends_of_the_calendar(
    tmp_path: Path, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse, zone: str
) -> None:
    """Year 1 and year 9999 are no times of events, in any zone; nor is what is no time at all."""
    path = tmp_path / "times.jsonl"
    lines = [json.dumps(event(str(place), occurred_at=time)) for place, time in enumerate(TIMES)]
    path.write_text("\n".join([*lines, json.dumps(event("fit", occurred_at="2026-02-01T00:00:00"))]), encoding="utf-8")
    assert load_file(path, mapping=Mapping(timezone=zone)).rows_loaded == 1
    rows = warehouse.rows("select source_line, reason from raw.quarantine order by source_line")
    assert [row["reason"] for row in rows] == list(TIMES.values())


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_at_the_ends_of_their_type(
    tmp_path: Path, load_file: LoadFile, warehouse: Warehouse, unit: str
) -> None:
    """A column of timestamps may hold more than a calendar has: those rows only are unfit."""
    fit = pa.scalar(datetime(2026, 2, 1), pa.timestamp(unit)).value
    extreme = 2**62 // (1000 if unit == "s" else 1)  # Parquet has no seconds: they are written as milliseconds
    values = pa.array([fit, -extreme, extreme, 0], pa.int64()).cast(pa.timestamp(unit))
    table = pa.table({"event_id": list("abcd"), "event_name": ["x"] * 4, "user_id": ["u"] * 4, "occurred_at": values})
    pq.write_table(table, tmp_path / "t.parquet", version="2.6")
    report = load_file(tmp_path / "t.parquet")
    assert (report.rows_loaded, report.rows_quarantined) == (1, 3)


@pytest.mark.parametrize("change", ["grows", "is replaced"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, warehouse: Warehouse, event: MakeEvent, now: datetime, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Nothing of it is loaded, and the error says what to do."""
    path = tmp_path / "growing.jsonl"
    path.write_text(json.dumps(event("a")) + "\n", encoding="utf-8")
    parse = files.parsed_json

    def parse_and_change(text: str) -> Any:
        other = tmp_path / "other.jsonl"
        other.write_text(path.read_text(encoding="utf-8") + json.dumps(event("b")) + "\n", encoding="utf-8")
        other.replace(path) if change == "is replaced" else path.write_bytes(other.read_bytes())
        return parse(text)

    monkeypatch.setattr(files, "parsed_json", parse_and_change)
    with pytest.raises(LoadError, match=r"growing\.jsonl was changed while it was read"):
        load([path], warehouse=warehouse, now=now)
    assert warehouse.rows("select count(*) as n from raw.events")[0]["n"] == 0
    assert warehouse.rows("select count(*) as n from raw.loads")[0]["n"] == 0


def test_two_loads_at_once(tmp_path: Path, event: MakeEvent, now: datetime) -> None:
    """While one process loads, another is told that the warehouse is busy; repeated, it loads all of its rows."""
    paths = [tmp_path / f"{key}.jsonl" for key in "ab"]
    for path in paths:
        path.write_text(json.dumps(event(path.stem)) + "\n", encoding="utf-8")
    own = tmp_path / "own.duckdb"
    with DuckDBWarehouse(own, tmp_path / "copy.duckdb") as first:
        first.prepare()
        with first.transaction():
            load_other = subprocess.run(
                [sys.executable, "-c", LOADER, str(paths[1]), str(tmp_path)],
                capture_output=True,
                text=True,
                check=False,
            )
        assert load_other.returncode != 0
        assert BusyError.__name__ in load_other.stderr
        load([paths[0]], warehouse=first, now=now)
    with DuckDBWarehouse(own, tmp_path / "copy.duckdb") as second:
        load([paths[1]], warehouse=second, now=now)
        rows = second.rows("select event_id, load_id from raw.events order by event_id")
    assert rows == [{"event_id": "a", "load_id": 1}, {"event_id": "b", "load_id": 2}]


def test_a_mapping_that_names_a_missing_column(tmp_path: Path, load_file: LoadFile, event: MakeEvent) -> None:
    """It is refused before a row is read, with the column, the file and the columns that there are."""
    mapping = Mapping.model_validate({"columns": {"user_id": "customer_no"}})
    pq.write_table(pa.Table.from_pylist([event(properties=None)]), tmp_path / "m.parquet")
    with pytest.raises(MappingError, match=r"customer_no.*m\.parquet.*\n?.*event_id"):
        load_file(tmp_path / "m.parquet", mapping=mapping)


def test_as_many_event_names_as_events(tmp_path: Path) -> None:
    """Names are data: distinct ones take no more memory than equal ones."""
    reports = {}
    for kind in ("equal", "distinct"):
        count = 150_000
        names = [f"name {place if kind == 'distinct' else 0:06}" for place in range(count)]
        table = pa.table(
            {
                "event_id": [f"e{place}" for place in range(count)],
                "event_name": names,
                "user_id": ["u"] * count,
                "occurred_at": pa.array([datetime(2026, 2, 1)] * count, pa.timestamp("us")),
            }
        )
        pq.write_table(table, tmp_path / f"{kind}.parquet")
        reports[kind] = loaded_apart(tmp_path / f"{kind}.parquet", tmp_path / kind)
    assert reports["distinct"]["loaded"] == reports["equal"]["loaded"] == 150_000
    assert reports["distinct"]["memory"] - reports["equal"]["memory"] < 100 * MEGABYTE
