import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activation.errors import LoadError
from activation.loading import LoadReport, Mapping, load
from activation.loading.workbench import Workbench
from activation.warehouses import Warehouse

Write = Callable[..., Path]
LoadFile = Callable[..., LoadReport]
MakeEvent = Callable[..., dict[str, Any]]


def reasons(warehouse: Warehouse) -> dict[int, str]:
    rows = warehouse.rows("select source_line, reason from raw.quarantine order by source_line")
    return {row["source_line"]: row["reason"] for row in rows}


def test_a_fit_event_is_loaded_as_the_contract_says(
    write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """Times in UTC, JSON with sorted keys, stamped with load, loaded_at and known_at."""
    row = event(occurred_at="2026-02-28T12:00:00+02:00", properties={"z": "é", "a": [{"y": 1, "b": 2.5}]})
    report = load_file(write("e.jsonl", row))
    assert (report.load_id, report.rows_read, report.rows_loaded, report.reasons) == (1, 1, 1, {})
    assert warehouse.rows("select * from raw.events") == [
        {
            "event_id": "e1",
            "event_name": "Product Viewed",
            "user_id": "u1",
            "anonymous_id": None,
            "occurred_at": datetime(2026, 2, 28, 10),
            "received_at": now,
            "properties": '{"a":[{"b":2.5,"y":1}],"z":"é"}',
            "context": "{}",
            "load_id": 1,
            "loaded_at": now,
            "known_at": now,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_id": None}, "missing_event_id"),
        ({"event_id": "  "}, "missing_event_id"),
        ({"event_id": 7}, "event_id_not_text"),
        ({"event_id": ["e"]}, "event_id_not_text"),
        ({"event_name": None}, "missing_event_name"),
        ({"user_id": None}, "missing_user"),
        ({"user_id": 12}, "user_id_not_text"),
        ({"user_id": 12.5}, "user_id_not_text"),
        ({"user_id": "NaN"}, "user_id_is_placeholder"),
        ({"anonymous_id": "undefined"}, "anonymous_id_is_placeholder"),
        ({"occurred_at": None}, "missing_occurred_at"),
        ({"occurred_at": "yesterday"}, "bad_occurred_at"),
        ({"occurred_at": "2026-02-30T10:00:00Z"}, "bad_occurred_at"),
        ({"occurred_at": "infinity"}, "bad_occurred_at"),
        ({"occurred_at": 1772000000}, "bad_occurred_at"),
        ({"occurred_at": "1989-12-31T23:59:59Z"}, "occurred_at_too_early"),
        ({"occurred_at": "2026-03-02T12:00:01Z"}, "occurred_at_in_future"),
        ({"received_at": "soon"}, "bad_received_at"),
        ({"properties": "{"}, "bad_properties"),
        ({"properties": [1]}, "bad_properties"),
        ({"properties": '{"a":1e999}'}, "bad_properties"),
        ({"context": "text"}, "bad_context"),
    ],
)
def test_an_unfit_event_is_quarantined_with_its_reason(
    changes: dict[str, Any],
    reason: str,
    write: Write,
    load_file: LoadFile,
    event: MakeEvent,
    warehouse: Warehouse,
) -> None:
    """The row goes to quarantine with a named reason, its line and its text; the row beside it is loaded."""
    bad = event("bad", **changes)
    report = load_file(write("e.jsonl", event("good"), bad))
    assert report.reasons == {reason: 1}
    assert (report.rows_loaded, report.rows_quarantined) == (1, 1)
    found = warehouse.rows("select source_line, reason, row_text, table_name, load_id from raw.quarantine")
    assert found == [
        {"source_line": 2, "reason": reason, "row_text": json.dumps(bad), "table_name": "events", "load_id": 1}
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"event_id": "e2", ', "broken_json"),
        ('{"event_id": NaN}', "broken_json"),
        ('{"event_id": "e2",}', "broken_json"),
        ('{"event_id": "\\ud800"}', "broken_json"),
        ('["e2"]', "not_an_object"),
        ("[" * 100_000, "broken_json"),
    ],
)
def test_a_broken_line_is_quarantined(
    line: str, reason: str, write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse
) -> None:
    """A line that is not a JSON object never stops the load, and is kept as it was."""
    load_file(write("e.jsonl", event(), "", line))
    assert reasons(warehouse) == {3: reason}
    assert warehouse.rows("select row_text from raw.quarantine") == [{"row_text": line}]


def test_bytes_that_are_no_text_are_quarantined(
    tmp_path: Path, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse
) -> None:
    """A line in another encoding is told apart from broken JSON."""
    path = tmp_path / "e.jsonl"
    path.write_bytes(json.dumps(event()).encode() + b'\n{"event_id": "Zo\xeb"}\n')
    load_file(path)
    assert reasons(warehouse) == {2: "bad_encoding"}


def test_json_that_fools_one_parser_is_still_normalised(
    write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse
) -> None:
    """Keys out of order, repeated keys, spaces, escapes and numbers come out the same however they are written."""
    texts = ['{"b":1,"a":2}', '{"a": 2, "b": 1}', '{"a":9,"a":2,"b":1}', '{"\\u0061":2,"b":1}']
    load_file(write("e.jsonl", *(event(str(number), properties=text) for number, text in enumerate(texts))))
    assert {row["properties"] for row in warehouse.rows("select properties from raw.events")} == {'{"a":2,"b":1}'}


def test_a_repeat_is_a_duplicate(write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse) -> None:
    """The same id again, in the same load or a later one, is counted and left out; the first one stays."""
    path = write("e.jsonl", event("a"), event("a", user_id="other"), event("b"))
    first, second = load_file(path), load_file(path)
    assert (first.rows_loaded, first.rows_duplicate) == (2, 1)
    assert (second.load_id, second.rows_loaded, second.rows_duplicate) == (2, 0, 3)
    found = warehouse.rows("select event_id, user_id, load_id from raw.events order by event_id")
    assert found == [{"event_id": name, "user_id": "u1", "load_id": 1} for name in ("a", "b")]


def test_equal_rows_of_distinct_ids_stay(write: Write, load_file: LoadFile, event: MakeEvent) -> None:
    """Two events that differ in their id alone are two events."""
    assert load_file(write("e.jsonl", event("a"), event("b"))).rows_loaded == 2


def test_the_load_has_its_row(write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse) -> None:
    """raw.loads says what came of every row of the load."""
    path = write("e.jsonl", event("a"), event("a"), "{")
    load_file(path, history=True)
    loads = warehouse.rows("select * exclude (loaded_at) from raw.loads")
    assert loads == [
        {
            "load_id": 1,
            "mode": "history",
            "source": str(path),
            "rows_read": 3,
            "rows_loaded": 1,
            "rows_duplicate": 1,
            "rows_quarantined": 1,
            "rows_skipped": 0,
        }
    ]


def test_history_is_known_since_it_happened(
    write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """known_at is the later of occurred and received, and never after the load."""
    path = write(
        "e.jsonl",
        event("plain", occurred_at="2024-01-01"),
        event("late", occurred_at="2024-01-01", received_at="2024-01-05"),
        event("ahead", occurred_at="2026-03-02"),
    )
    load_file(path, history=True)
    found = {row["event_id"]: row["known_at"] for row in warehouse.rows("select * from raw.events")}
    assert found == {"plain": datetime(2024, 1, 1), "late": datetime(2024, 1, 5), "ahead": now}


def test_history_is_refused_after_a_live_run(write: Write, load_file: LoadFile, event: MakeEvent) -> None:
    """Decisions have been taken on what was known; history would rewrite it."""
    with pytest.raises(LoadError, match="without --history"):
        load_file(write("e.jsonl", event()), history=True, live_run_exists=True)


def test_change_rows_take_the_rest_as_attributes(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """In a change table every column that is not the contract's becomes an attribute; blanks are left out."""
    path = write(
        "c.csv",
        "id,changed_at,is_deleted,last_name,first_name",
        'c1,2026-01-01,,"Lovelace, ""A""",Ada',
        "c1,2026-01-02,true,,",
        'c1,2026-01-01,,"Lovelace, ""A""",Ada',
        "c2,2026-01-01,maybe,x,y",
        "c3,2026-01-01",
    )
    report = load_file(path, table="customers")
    assert (report.rows_loaded, report.rows_duplicate) == (2, 1)
    assert reasons(warehouse) == {5: "bad_is_deleted", 6: "wrong_width"}
    query = "select id, attributes, is_deleted, known_at from raw.customers order by changed_at"
    assert [(row["attributes"], row["is_deleted"]) for row in warehouse.rows(query)] == [
        ('{"first_name":"Ada","last_name":"Lovelace, \\"A\\""}', False),
        ("{}", True),
    ]


def test_a_change_differs_by_any_part_of_its_key(write: Write, load_file: LoadFile) -> None:
    """The same id and time with other attributes is another change."""
    rows = [{"id": "p", "changed_at": "2026-01-01", "attributes": {"price": price}} for price in (1, 2, 1)]
    report = load_file(write("p.jsonl", *rows), table="products")
    assert (report.rows_loaded, report.rows_duplicate) == (2, 1)


def test_parquet_keeps_its_types(tmp_path: Path, load_file: LoadFile, warehouse: Warehouse) -> None:
    """Structures become JSON, times with a zone UTC, NaN is quarantined, and the row number is kept."""
    table = pa.table(
        {
            "event_id": ["a", "b", "c"],
            "event_name": pa.array(["X", "X", "X"]).dictionary_encode(),
            "user_id": ["u", "u", "u"],
            "occurred_at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("ns", "Europe/Berlin")),
            "price": [1.5, float("nan"), 2.0],
            "tags": [["x", "y"], [], None],
            "Price": [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "e.parquet")
    load_file(tmp_path / "e.parquet")
    assert reasons(warehouse) == {2: "bad_price"}
    found = warehouse.rows("select occurred_at, properties from raw.events order by event_id")
    assert found == [
        {"occurred_at": datetime(2026, 1, 1), "properties": '{"Price":1,"price":1.5,"tags":["x","y"]}'},
        {"occurred_at": datetime(2026, 1, 1), "properties": '{"Price":3,"price":2.0}'},
    ]


def test_the_first_of_equal_ids_stays_in_a_large_file(
    tmp_path: Path, load_file: LoadFile, warehouse: Warehouse
) -> None:
    """Rows are mapped in parallel, and still the earlier row of the file wins."""
    count = 40_000
    rows = {
        "event_id": [f"e{number % count}" for number in range(2 * count)],
        "event_name": ["X"] * 2 * count,
        "user_id": ["first"] * count + ["second"] * count,
        "occurred_at": [datetime(2026, 1, 1)] * 2 * count,
    }
    pq.write_table(pa.table(rows), tmp_path / "e.parquet")
    report = load_file(tmp_path / "e.parquet")
    assert (report.rows_loaded, report.rows_duplicate) == (count, count)
    assert warehouse.rows("select distinct user_id from raw.events") == [{"user_id": "first"}]


def test_integer_ids_need_a_mapping(tmp_path: Path, load_file: LoadFile, warehouse: Warehouse) -> None:
    """A column of numbers is refused as ids until a mapping names it."""
    rows = {"event_id": ["a"], "event_name": ["X"], "user_id": [13085], "occurred_at": [datetime(2026, 1, 1)]}
    path = tmp_path / "e.parquet"
    pq.write_table(pa.table(rows), path)
    with pytest.raises(LoadError, match="user_id_not_text"):
        load_file(path)
    load_file(path, mapping=Mapping.model_validate({"columns": {"user_id": "user_id"}}))
    assert warehouse.rows("select user_id from raw.events") == [{"user_id": "13085"}]


def test_compressed_files_and_globs(tmp_path: Path, warehouse: Warehouse, event: MakeEvent, now: datetime) -> None:
    """A glob loads every file once, compressed ones included, as one load."""
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(event("a")).encode()))
    with pa.output_stream(str(tmp_path / "b.ndjson.zst"), compression="zstd") as stream:
        stream.write(json.dumps(event("b")).encode())
    with pa.output_stream(str(tmp_path / "c.json.bz2"), compression="bz2") as stream:
        stream.write(b"\xef\xbb\xbf" + json.dumps(event("c")).encode() + b"\r\n")
    pattern = str(tmp_path / "*json*")
    report = load([pattern, tmp_path / "a.jsonl.gz", pattern], warehouse=warehouse, now=now)
    assert (report.rows_read, report.rows_loaded, len(report.files)) == (3, 3, 3)


def test_nothing_fit_is_an_error_and_leaves_nothing(
    write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse
) -> None:
    """A file of which no row can be loaded is refused whole, naming the reasons."""
    with pytest.raises(LoadError, match=r"missing_user \(2\)"):
        load_file(write("e.jsonl", event("a", user_id=None), event("b", user_id=None)))
    assert warehouse.rows("select * from raw.loads") == warehouse.rows("select * from raw.quarantine") == []


def test_a_load_that_dies_leaves_nothing(
    write: Write, load_file: LoadFile, event: MakeEvent, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the middle undoes the rows and the row of raw.loads; the next load has the same number."""
    path = write("e.jsonl", event("a"), "{", event("b"))

    def dying(self: Workbench) -> Iterator[pa.RecordBatch]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Workbench, "quarantine", dying)
        with pytest.raises(KeyboardInterrupt):
            load_file(path)
    for table in ("events", "loads", "quarantine"):
        assert warehouse.rows(f"select * from raw.{table}") == []
    assert load_file(path).load_id == 1


def test_the_limits_of_time_are_inclusive(write: Write, load_file: LoadFile, event: MakeEvent, now: datetime) -> None:
    """Exactly 1990 and exactly one day ahead are fit."""
    limits = ("1990-01-01", (now + timedelta(days=1)).isoformat())
    report = load_file(write("e.jsonl", *(event(text, occurred_at=text) for text in limits)))
    assert report.rows_loaded == 2


def test_an_unknown_table_is_refused(write: Write, load_file: LoadFile, event: MakeEvent) -> None:
    """The error lists the tables there are."""
    with pytest.raises(LoadError, match="loyalty_points"):
        load_file(write("e.jsonl", event()), table="loads")
