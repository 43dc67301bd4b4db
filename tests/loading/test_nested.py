"""What is nested or written in another way than ours: objects, lists, records, counted times."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activation.errors import MappingError
from activation.loading import LoadReport, Mapping
from activation.warehouses import Warehouse

Write = Callable[..., Path]
LoadFile = Callable[..., LoadReport]
Details = Callable[..., list[dict[str, Any]]]

COLUMNS = {"id": "id", "changed_at": {"constant": "2026-01-01"}}


def things(**content: Any) -> Mapping:
    return Mapping.model_validate({"table": "products", "columns": COLUMNS, **content})


@pytest.fixture
def details(load_file: LoadFile, warehouse: Warehouse) -> Details:
    """The attributes of what a file's rows become, by id; `reasons` are those of the rows that are left out."""

    def loaded(path: Path, mapping: Mapping, reasons: dict[str, int] | None = None) -> list[dict[str, Any]]:
        assert load_file(path, mapping=mapping).reasons == (reasons or {})
        return [json.loads(row["attributes"]) for row in warehouse.rows("select * from raw.products order by id")]

    return loaded


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_dot_reaches_into_structures_lists_and_cells(write: Write, details: Details, tmp_path: Path) -> None:
    """The same mapping reads Parquet's structures and JSON in the cells of a CSV; what is no JSON has no parts."""
    mapping = things(attributes={"city": "home.city", "second": "home.codes.1", "count": "home.n"})
    home = {"city": "Åre", "codes": ["a", "b"], "n": 2}
    wanted = {"city": "Åre", "second": "b", "count": 2}
    assert details(parquet(tmp_path / "t.parquet", [{"id": "1", "home": home}]), mapping) == [wanted]
    cell = json.dumps(home).replace('"', '""')
    assert details(write("t.csv", "id,home", f'4,"{cell}"', "5,not json", "6,"), mapping) == [wanted, wanted, {}, {}]


def test_a_column_whose_name_has_a_dot_is_that_column(write: Write, details: Details) -> None:
    """A name is taken whole before it is taken apart."""
    assert details(write("t.csv", "id,a.b", "1,x"), things(attributes={"c": "a.b"})) == [{"c": "x"}]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_entries_are_looked_up_by_key(form: str, write: Write, details: Details, tmp_path: Path) -> None:
    """Of several records with a key the first counts, of a value of several types the one that is there."""
    none = {"text": None, "whole": None}
    records = [
        {"key": "a", "value": {**none, "whole": 5}},
        {"key": "b", "value": {**none, "text": "x"}},
        {"key": "a", "value": {**none, "text": "late"}},
        {"key": "c", "value": none},
        {"key": None, "value": {**none, "text": "y"}},
    ]
    row = {"id": "1", "records": records}
    path = write("t.jsonl", row) if form == "jsonl" else parquet(tmp_path / "t.parquet", [row])
    attributes = {
        "a": {"column": "records", "entry": "a", "type": "integer"},
        "b": {"column": "records", "entry": "b"},
        "c": {"column": "records", "entry": "c"},
        "d": {"column": "records", "entry": "d"},
    }
    assert details(path, things(attributes=attributes)) == [{"a": 5, "b": "x"}]


def test_entries_may_name_their_members_and_hold_plain_values(write: Write, details: Details) -> None:
    """`name` and `content` instead of `key` and `value`; a value need not be an object."""
    row = {"id": "1", "notes": [{"name": "gift", "content": True}, {"name": "from", "content": "Zoë"}]}
    entry = {"name": "gift", "key": "name", "value": "content"}
    assert details(write("t.jsonl", row), things(attributes={"is_gift": {"column": "notes", "entry": entry}})) == [
        {"is_gift": True}
    ]


def test_all_entries_become_an_object(write: Write, details: Details) -> None:
    """Named values stand over it; something that is no list of records makes the row unfit."""
    rows = [
        {"id": "1", "records": [{"key": 'q"', "value": {"t": "x"}}, {"key": "n", "value": 2.5}, {"value": 1}]},
        {"id": "2", "records": []},
        {"id": "3"},
        {"id": "4", "records": "many"},
    ]
    mapping = things(attributes={"*": {"entries": "records"}, "n": {"constant": "ours"}})
    found = details(write("t.jsonl", *rows), mapping, {"bad_attributes": 1})
    assert found == [{'q"': "x", "n": "ours"}, {"n": "ours"}, {"n": "ours"}]


def test_each_object_of_a_list_is_made_anew(write: Write, details: Details) -> None:
    """Members are renamed and typed; one that is not of its type, or is no object, makes the whole row unfit."""
    rows = [
        {"id": "1", "items": [{"sku": 7, "n": "2", "deep": {"x": [1]}}, {"sku": "b"}]},
        {"id": "2", "items": []},
        {"id": "3", "items": None},
        {"id": "4", "items": [{"sku": "a", "n": "two"}]},
        {"id": "5", "items": ["a"]},
        {"id": "6", "items": {"sku": "a"}},
    ]
    members = {
        "product_id": {"column": "sku", "type": "text"},
        "quantity": {"column": "n", "type": "integer"},
        "deep": "deep",
        "kind": {"constant": "thing"},
    }
    found = details(
        write("t.jsonl", *rows),
        things(attributes={"products": {"each": "items", "members": members}}),
        {"bad_products": 3},
    )
    first = {"product_id": "7", "quantity": 2, "deep": {"x": [1]}, "kind": "thing"}
    assert found == [{"products": [first, {"product_id": "b", "kind": "thing"}]}, {}, {}]


def test_a_list_within_a_list_keeps_its_place(write: Write, details: Details) -> None:
    """Objects may have lists of their own."""
    row = {
        "id": "1",
        "parcels": [{"no": "A", "items": [{"sku": "x"}, {"sku": "y"}]}, {"no": "B", "items": [{"sku": "z"}]}],
    }
    inner = {"each": "items", "members": {"product_id": "sku"}}
    mapping = things(attributes={"parcels": {"each": "parcels", "members": {"no": "no", "products": inner}}})
    assert details(write("t.jsonl", row), mapping) == [
        {
            "parcels": [
                {"no": "A", "products": [{"product_id": "x"}, {"product_id": "y"}]},
                {"no": "B", "products": [{"product_id": "z"}]},
            ]
        }
    ]


def test_a_sum_over_a_list_is_exact_and_conditional(write: Write, details: Details) -> None:
    """0.1 and 0.2 make 0.3; objects to which the condition does not apply are not counted; of none there is no sum."""
    rows = [
        {"id": "1", "paid": [{"k": "r", "v": "0.10"}, {"k": "r", "v": 0.2}, {"k": "s", "v": 9}]},
        {"id": "2", "paid": []},
        {"id": "3", "paid": [{"k": "r", "v": "much"}]},
    ]
    total = {"each": "paid", "sum": {"column": "v", "when": {"k": "r"}}}
    found = details(write("t.jsonl", *rows), things(attributes={"total": total}), {"bad_total": 1})
    assert found == [{"total": 0.3}, {}]


def test_the_first_that_is_there_counts(write: Write, details: Details) -> None:
    """A blank is not there; each keeps its own type; a file may lack all but one of the columns."""
    rows = [{"id": "1", "a": " ", "b": 2}, {"id": "2", "a": [1], "b": 2}, {"id": "3"}]
    mapping = things(attributes={"x": {"first": ["a", "b", {"constant": False}]}})
    assert details(write("t.jsonl", *rows), mapping) == [{"x": 2}, {"x": [1]}, {"x": False}]
    assert details(write("t.csv", "id,b", "9,z"), mapping)[-1] == {"x": "z"}


def test_a_file_that_lacks_every_choice_is_refused(write: Write, load_file: LoadFile) -> None:
    """`first` forgives columns that are lacking as long as there is one; `optional` forgives a single one."""
    path = write("t.csv", "id", "1")
    assert load_file(path, mapping=things(attributes={"x": {"column": "a", "optional": True}})).rows_loaded == 1
    with pytest.raises(MappingError, match="'a', which"):
        load_file(path, mapping=things(attributes={"x": {"first": ["a", "b"]}}))


@pytest.mark.parametrize(
    ("value", "given", "wanted"),
    [
        ({"unit": "seconds"}, "1769940000.5", datetime(2026, 2, 1, 10, 0, 0, 500_000)),
        ({"unit": "milliseconds"}, 1769940000123, datetime(2026, 2, 1, 10, 0, 0, 123_000)),
        ({"unit": "microseconds"}, "1769940000123456", datetime(2026, 2, 1, 10, 0, 0, 123_456)),
        ({"unit": "seconds"}, "2026-02-01", None),
        ({"unit": "seconds"}, "1e300", None),
        ({"format": "%Y%m%d"}, 20260201, datetime(2026, 2, 1)),
        ({"format": "%Y%m%d"}, "20260231", None),
        ({"format": "%d/%m/%Y %H:%M"}, "01/02/2026 10:00", datetime(2026, 2, 1, 10)),
        ({"format": "%d/%m/%Y %H:%M"}, "2026-02-01", None),
    ],
)
def test_times_are_counted_or_written_in_another_way(
    value: dict[str, Any], given: Any, wanted: datetime | None, write: Write, load_file: LoadFile, warehouse: Warehouse
) -> None:
    """What is not in the form named is quarantined, never guessed."""
    mapping = things(columns={"id": "id", "changed_at": {"column": "at", **value}})
    other = "1769940000" if "unit" in value else datetime(2026, 1, 1).strftime(value["format"])
    load_file(write("t.jsonl", {"id": "fit", "at": given}, {"id": "other", "at": other}), mapping=mapping)
    found = warehouse.rows("select changed_at from raw.products where id = 'fit'")
    reasons = warehouse.rows("select reason from raw.quarantine where row_text like '%\"fit\"%'")
    assert [row["changed_at"] for row in found] == ([wanted] if wanted else [])
    assert [row["reason"] for row in reasons] == ([] if wanted else ["bad_changed_at"])


def test_a_format_without_a_zone_is_local_time(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """The mapping's zone applies to it, and not to times that are counted from 1970."""
    path = write("t.csv", "id,day,count", "a,20250701,1751328000")
    for column in ({"column": "day", "format": "%Y%m%d"}, {"column": "count", "unit": "seconds"}):
        load_file(path, mapping=things(timezone="Europe/London", columns={"id": "id", "changed_at": column}))
    found = warehouse.rows("select changed_at from raw.products order by changed_at")
    assert [row["changed_at"] for row in found] == [datetime(2025, 6, 30, 23), datetime(2025, 7, 1)]


def test_numbers_may_be_multiplied(write: Write, details: Details) -> None:
    """By a column or a number, exactly; where the factor is missing, so is the product; a factor must be a number."""
    rows = ["1,0.10,3,1999", "2,0.10,,0", "3,0.10,three,0"]
    attributes = {
        "total": {"column": "price", "type": "number", "times": "n"},
        "euros": {"column": "cents", "type": "number", "times": 0.01},
    }
    found = details(write("t.csv", "id,price,n,cents", *rows), things(attributes=attributes), {"bad_total": 1})
    assert found == [{"total": 0.3, "euros": 19.99}, {"euros": 0.0}]


def test_a_star_keeps_what_is_not_named(write: Write, details: Details) -> None:
    """An object's members, or all columns but the table's that are used nowhere else; named ones stand over them."""
    row = {"id": "1", "traits": {"plan": "free", "n": None, "age": 40}, "extra": [2, {"b": 1, "a": 0}]}
    path = write("t.jsonl", row)
    assert details(path, things(attributes={"*": "traits", "age": {"constant": 41}})) == [
        {"plan": "free", "n": None, "age": 41}
    ]
    others = things(
        columns={**COLUMNS, "id": {"constant": "2"}}, attributes={"*": {"rest": True}, "traits": "traits.plan"}
    )
    assert details(path, others)[1:] == [{"extra": [2, {"a": 0, "b": 1}], "traits": "free"}]


def test_a_star_that_is_no_object_makes_the_row_unfit(write: Write, load_file: LoadFile) -> None:
    """Nothing of it could be kept."""
    rows = [{"id": "1", "traits": "none"}, {"id": "2", "traits": [1]}, {"id": "3"}]
    report = load_file(write("t.jsonl", *rows), mapping=things(attributes={"*": "traits"}))
    assert report.reasons == {"bad_attributes": 2}


def test_dots_in_the_context_nest(write: Write, load_file: LoadFile, warehouse: Warehouse, event: Any) -> None:
    """Models look for `device.type`; an object of which nothing is there is left out."""
    mapping = Mapping.model_validate(
        {"context": {"*": "context", "device.type": "kind", "device.os": "os", "library.name": "library"}}
    )
    rows = [event("1", kind="mobile", context={"device": {"id": "d"}, "ip": "::1"}), event("2")]
    load_file(write("e.jsonl", *rows), mapping=mapping)
    found = [json.loads(row["context"]) for row in warehouse.rows("select context from raw.events order by event_id")]
    assert found == [{"device": {"id": "d", "type": "mobile"}, "ip": "::1"}, {}]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_list_is_taken_apart_into_rows(
    form: str, write: Write, load_file: LoadFile, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Each object is a row with its place; rows are counted as objects; an empty list is counted as skipped."""
    lists: list[list[dict[str, Any]] | None] = [[{"k": "a"}, {"k": "b"}], [], None, [{"k": "c"}]]
    rows = [{"id": f"o{number}", "parts": parts} for number, parts in enumerate(lists, 1)]
    if form == "csv":
        cells = [json.dumps(row["parts"]).replace('"', '""') if row["parts"] is not None else "" for row in rows]
        path = write("t.csv", "id,parts", *(f'{row["id"]},"{cell}"' for row, cell in zip(rows, cells, strict=True)))
    else:
        path = write("t.jsonl", *rows) if form == "jsonl" else parquet(tmp_path / "t.parquet", rows)
    mapping = things(
        each={"list": "parts", "position": "place"},
        columns={**COLUMNS, "id": {"compose": ["id", "place"]}},
        attributes={"kind": "parts.k"},
    )
    report = load_file(path, mapping=mapping)
    assert (report.rows_read, report.rows_loaded, report.reasons) == (5, 3, {"no_parts": 2})
    assert warehouse.rows("select id, attributes from raw.products order by id") == [
        {"id": "o1:1", "attributes": '{"kind":"a"}'},
        {"id": "o1:2", "attributes": '{"kind":"b"}'},
        {"id": "o4:1", "attributes": '{"kind":"c"}'},
    ]


def test_rows_to_which_the_condition_does_not_apply_stay_whole(
    write: Write, load_file: LoadFile, warehouse: Warehouse
) -> None:
    """With `empty: keep` so do those without a list; a list that is none is unfit, a broken line is broken."""
    rows: list[Any] = [
        {"id": "1", "kind": "many", "parts": [{"k": "a"}, {"k": "b"}]},
        {"id": "2", "kind": "one", "parts": [{"k": "a"}, {"k": "b"}]},
        {"id": "3", "kind": "many"},
        {"id": "4", "kind": "many", "parts": "a"},
        "{",
    ]
    mapping = things(
        each={"list": "parts", "position": "place", "when": {"kind": "many"}, "empty": "keep"},
        columns={**COLUMNS, "id": {"compose": ["id", {"first": ["place", {"constant": 0}]}]}},
        attributes={"kind": "parts.k"},
    )
    report = load_file(write("t.jsonl", *rows), mapping=mapping)
    assert [row["id"] for row in warehouse.rows("select id from raw.products order by id")] == [
        "1:1",
        "1:2",
        "2:0",
        "3:0",
    ]
    assert report.reasons == {"bad_parts": 1, "broken_json": 1}
    assert report.rows_read == 6
