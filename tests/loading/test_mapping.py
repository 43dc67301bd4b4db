from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.errors import LoadError, MappingError
from activation.loading import LoadReport, Mapping, read_mapping, shipped_mappings
from activation.warehouses import Warehouse

Write = Callable[..., Path]
LoadFile = Callable[..., LoadReport]


def mapping(**content: Any) -> Mapping:
    return Mapping.model_validate(content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: evnts", "`table` is 'evnts'"),
        ("colums: {}", "`colums`: Extra inputs"),
        ("columns: {evnt_id: id}", "has 'evnt_id'"),
        ("columns: {user_id: {}}", "`columns.user_id`.*exactly one of"),
        ("columns: {user_id: {column: a, constant: b}}", "exactly one of"),
        ("columns: {user_id: {compose: [{colum: a}]}}", "`columns.user_id.compose.0.colum`"),
        ("timezone: London", "`timezone` is 'London'"),
        ("events: {unmapped: drop}", "`events.unmapped`"),
        ("skip: [{name: a, when: {}}]", "`skip.0.when`"),
        ("skip: [{name: a, when: {b: {matches: '('}}}]", "not a regular expression"),
        ("skip: [{name: a, when: {b: {}}}]", "is empty"),
        ("attributes: {a: b}", "`attributes` does not apply"),
        ("table: customers\nproperties: {a: b}", "`properties` does not apply"),
        ("properties: {a: {column: b, absolute: true}}", "`absolute` needs"),
        ("group: {lines: products, line: {a: b}}", "`group` needs `properties`"),
        ("group: {lines: products}", "`group.line`: Field required"),
        ("properties: {a: {first: []}}", "`properties.a.first`"),
        ("properties: {a: {each: b}}", "either `members` or `sum`"),
        ("properties: {a: {each: b, members: {c: d}, sum: e}}", "either `members` or `sum`"),
        ("properties: {a: {column: b, sum: e}}", "need `each`"),
        ("properties: {a: {each: b, members: {c: d}, type: number}}", "`type` does not apply"),
        ("properties: {a: {constant: 1, entry: b}}", "`entry` needs the `column`"),
        ("properties: {a: {constant: 1, optional: true}}", "`optional` needs a `column`"),
        ("properties: {a: {column: b, times: c}}", "`times` needs"),
        ("columns: {occurred_at: {column: a, unit: days}}", "`columns.occurred_at.unit`"),
        ("columns: {occurred_at: {column: a, unit: seconds, format: '%Y'}}", "either|`unit` and `format`"),
        ("columns: {occurred_at: {first: [a, b], format: '%Y'}}", "`unit` and `format` need a `column`"),
        ("columns: {occurred_at: {column: a, format: '%Y %z'}}", "`format` has %z"),
        ("columns: {occurred_at: {column: a, format: yesterday}}", "`format` has no directive"),
        ("properties: {'*': {constant: 1}}", "takes a column that holds an object"),
        ("properties: {a: {rest: true}}", "`rest` stands at"),
        ("context: {a: b}\ncolumns: {context: c}", "`context` is given twice"),
        ("table: customers\ncontext: {a: b}", "`context` does not apply"),
        ("each: a.b", "`list` is 'a.b'"),
        ("columns: [", "not valid YAML"),
        ("just text", "top level"),
    ],
)
def test_a_wrong_mapping_names_file_and_field(write: Write, text: str, message: str) -> None:
    """Every mistake is a MappingError with the file, the field and a remedy."""
    path = write("shop.yml", text)
    with pytest.raises(MappingError, match=message) as caught:
        read_mapping(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_shipped_mappings_are_found_by_name() -> None:
    """Every mapping that ships can be read; a name that is none lists them."""
    assert shipped_mappings()
    assert {read_mapping(name).table for name in shipped_mappings()} >= {"events", "customers", "consents"}
    with pytest.raises(MappingError, match="online_retail"):
        read_mapping("offline_retail")


def test_a_column_that_the_file_lacks_is_refused(write: Write, load_file: LoadFile) -> None:
    """The error names the column, the file and what the file has."""
    path = write("e.csv", "id,who,at", "1,u,2026-01-01")
    with pytest.raises(MappingError, match=r"'when', which .*e\.csv lacks.*id, who, at"):
        load_file(path, mapping=mapping(columns={"occurred_at": "when"}))


def test_columns_constants_and_composed_ids(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """A value comes from a column, a constant, or several; a composed one that lacks a part is missing."""
    path = write("e.csv", "kind,number,who,at,shop", "a,1,u,2026-01-01,x", "a,,u,2026-01-01,x")
    columns = {
        "event_id": {"compose": [{"constant": "shop"}, "kind", "number"], "separator": "/"},
        "event_name": {"constant": "Signed In"},
        "user_id": "who",
        "occurred_at": "at",
    }
    report = load_file(path, mapping=mapping(columns=columns))
    assert report.reasons == {"missing_event_id": 1}
    found = warehouse.rows("select event_id, event_name, properties from raw.events")
    assert found == [{"event_id": "shop/a/1", "event_name": "Signed In", "properties": '{"shop":"x"}'}]


@pytest.mark.parametrize(
    ("unmapped", "names", "reasons"),
    [
        ("keep", ["Product Viewed", "Signed In", "wave"], {}),
        ("skip", ["Product Viewed", "Signed In"], {"unmapped_event": 1}),
        ("quarantine", ["Product Viewed", "Signed In"], {"unmapped_event": 1}),
    ],
)
def test_event_names_are_mapped(
    unmapped: str,
    names: list[str],
    reasons: dict[str, int],
    write: Write,
    load_file: LoadFile,
    event: Callable[..., dict[str, Any]],
    warehouse: Warehouse,
) -> None:
    """A listed name is replaced, one of ours is fit, and the policy decides on the others."""
    given = ("it's a view", "Signed In", "wave")
    path = write("e.jsonl", *(event(str(number), event_name=name) for number, name in enumerate(given)))
    events = {"names": {"it's a view": "Product Viewed", "login": "Signed In"}, "unmapped": unmapped}
    report = load_file(path, mapping=mapping(events=events))
    assert report.reasons == reasons
    assert (report.rows_skipped, report.rows_quarantined) == (
        int(unmapped == "skip"),
        int(unmapped == "quarantine"),
    )
    assert [row["event_name"] for row in warehouse.rows("select event_name from raw.events order by 1")] == names


@pytest.mark.parametrize(
    ("when", "kept"),
    [
        ({"kind": "a"}, {"2", "3", "4"}),
        ({"kind": ["a", "b"]}, {"3", "4"}),
        ({"amount": 5}, {"1", "3", "4"}),
        ({"amount": {"below": 0}}, {"1", "2", "4"}),
        ({"amount": {"at_least": 5, "at_most": 10}}, {"3", "4"}),
        ({"amount": {"above": 5}}, {"2", "3", "4"}),
        ({"amount": {"absent": True}}, {"1", "2", "3"}),
        ({"amount": {"absent": False}}, {"4"}),
        ({"kind": {"matches": "[ab]"}}, {"3", "4"}),
        ({"kind": {"is_not": ["a", "b"]}}, {"1", "2"}),
        ({"flag": True}, {"2", "3", "4"}),
        ({"kind": "a", "amount": 5}, {"1", "2", "3", "4"}),
    ],
)
def test_skip_rules_count_under_their_name(
    when: dict[str, Any], kept: set[str], write: Write, load_file: LoadFile, warehouse: Warehouse
) -> None:
    """A row is skipped when all conditions of a rule hold."""
    rows = ["1,a,10,true", "2,b,5.0,false", "3,c,-1,", "4,ab,,"]
    path = write("e.csv", "id,kind,amount,flag", *rows)
    columns = {
        "event_id": "id",
        "event_name": {"constant": "X"},
        "user_id": {"constant": "u"},
        "occurred_at": {"constant": "2026-01-01"},
    }
    report = load_file(path, mapping=mapping(columns=columns, skip=[{"name": "unwanted", "when": when}]))
    assert {row["event_id"] for row in warehouse.rows("select event_id from raw.events")} == kept
    assert report.rows_skipped == report.reasons.get("unwanted", 0) == 4 - len(kept)


def test_a_pattern_that_only_python_knows_is_refused(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """Look-around is no RE2: a LoadError says so, and nothing is loaded."""
    path = write("c.csv", "id,changed_at", "1,2026-01-01")
    rule = {"name": "odd", "when": {"id": {"matches": "(?=1)1"}}}
    with pytest.raises(LoadError, match="RE2"):
        load_file(path, mapping=mapping(table="customers", skip=[rule]))
    assert warehouse.rows("select * from raw.loads") == []


def test_a_broken_line_is_never_skipped(write: Write, load_file: LoadFile) -> None:
    """A rule for absent values does not swallow lines that could not be read."""
    path = write("c.csv", "id,changed_at,a", "1,2026-01-01,x", "2")
    report = load_file(
        path, mapping=mapping(table="customers", skip=[{"name": "blank", "when": {"a": {"absent": True}}}])
    )
    assert report.reasons == {"wrong_width": 1}


def test_properties_have_types(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """A value that is not of its type quarantines its row; an absent one is left out."""
    header = "id,changed_at,whole,number,flag,day,time,document,plain"
    path = write(
        "c.csv",
        header,
        '1,2026-01-01,12.0,1e3,yes,2026-02-28,2026-07-01 10:00,"{""b"":1,""a"":[]}",007',
        "2,2026-01-01,,,,,,,",
        "3,2026-01-01,1.5,,,,,,",
        '4,2026-01-01,,"1,5",,,,,',
        "5,2026-01-01,,nan,,,,,",
        "6,2026-01-01,,,perhaps,,,,",
        "7,2026-01-01,,,,30/02/2026,,,",
        "8,2026-01-01,,,,,soon,,",
        "9,2026-01-01,,,,,,{,",
    )
    types = {
        "whole": "integer",
        "number": "number",
        "flag": "boolean",
        "day": "date",
        "time": "time",
        "document": "json",
    }
    attributes: dict[str, Any] = {name: {"column": name, "type": kind} for name, kind in types.items()}
    attributes |= {"plain": "plain", "source": {"constant": 7}}
    report = load_file(path, mapping=mapping(table="customers", timezone="Europe/London", attributes=attributes))
    assert report.reasons == {
        "bad_whole": 1,
        "bad_number": 2,
        "bad_flag": 1,
        "bad_day": 1,
        "bad_time": 1,
        "bad_document": 1,
    }
    assert [row["attributes"] for row in warehouse.rows("select attributes from raw.customers order by id")] == [
        (
            '{"day":"2026-02-28","document":{"a":[],"b":1},"flag":true,"number":1000.0,"plain":"007","source":7,'
            '"time":"2026-07-01 09:00:00.000000","whole":12}'
        ),
        '{"source":7}',
    ]


def test_local_times_become_utc(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """The mapping's zone is for times without one; a time that brings its zone keeps it."""
    path = write("c.csv", "id,changed_at", "a,2025-07-01T12:00:00", "b,2025-07-01T12:00:00Z", "c,2025-10-26 01:30:00")
    load_file(path, mapping=mapping(table="products", timezone="Europe/London"))
    found = warehouse.rows("select changed_at from raw.products order by id")
    assert [row["changed_at"] for row in found] == [
        datetime(2025, 7, 1, 11),
        datetime(2025, 7, 1, 12),
        datetime(2025, 10, 26, 0, 30),
    ]


def test_a_dot_reaches_into_json(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """Segment-like envelopes can be mapped without being flattened first."""
    row = {
        "messageId": "m",
        "event": "X",
        "at": "2026-01-01",
        "user": {"id": 7},
        "traits": {"b": 1, "a": {"z": 1, "c": 2}},
    }
    columns = {"event_id": "messageId", "event_name": "event", "occurred_at": "at", "user_id": "user.id"}
    load_file(write("e.jsonl", row), mapping=mapping(columns=columns, properties={"traits": "traits", "b": "traits.b"}))
    found = warehouse.rows("select user_id, properties from raw.events")
    assert found == [{"user_id": "7", "properties": '{"b":1,"traits":{"a":{"c":2,"z":1},"b":1}}'}]


def test_composed_ids_of_change_rows(write: Write, load_file: LoadFile, warehouse: Warehouse) -> None:
    """Consents are known by contact point, channel, purpose and brand together."""
    path = write("c.csv", "point,channel,purpose,at,status", "p1,email,marketing,2026-01-01,granted")
    columns = {"id": {"compose": ["point", "channel", "purpose", {"constant": "default"}]}, "changed_at": "at"}
    attributes = {"contact_point_id": "point", "status": "status"}
    load_file(path, mapping=mapping(table="consents", columns=columns, attributes=attributes))
    assert warehouse.rows("select id, attributes from raw.consents") == [
        {"id": "p1:email:marketing:default", "attributes": '{"contact_point_id":"p1","status":"granted"}'}
    ]
