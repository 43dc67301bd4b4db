"""What is said of files before they are loaded agrees with what loading them does."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.cli.surveys import survey_lines
from activation.errors import LoadError, MappingError
from activation.loading import LoadReport, Mapping, read_mapping
from activation.loading import survey as surveys
from activation.loading.survey import Survey, survey
from activation.loading.vocabulary import EVENT_NAMES
from activation.warehouses import Warehouse

Write = Callable[..., Path]
LoadFile = Callable[..., LoadReport]

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def look(now: datetime) -> Callable[..., Survey]:
    def looked(*paths: Path, **options: Any) -> Survey:
        return survey(paths, now=now, **options)

    return looked


Look = Callable[..., Survey]


def filled(found: Survey) -> dict[str, tuple[str, int]]:
    return {column.name: (column.source, column.rows) for column in found.columns}


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("segment.jsonl", "segment"),
        ("segment.jsonl", "segment_customers"),
        ("ga4.jsonl", "ga4"),
        ("snowplow.jsonl", "snowplow"),
        ("shopify_orders.jsonl", "shopify_refunds"),
        ("order_lines.csv", "order_lines"),
    ],
)
def test_it_says_what_loading_does(
    sample: str, name: str, look: Look, load_file: LoadFile, warehouse: Warehouse
) -> None:
    """Rows, reasons with the first line of each, and names are those of the load that follows."""
    found = look(SAMPLES / sample, mapping=read_mapping(name))
    report = load_file(SAMPLES / sample, mapping=read_mapping(name))
    assert found.rows_read == report.rows_read
    assert found.rows_fit == report.rows_loaded + report.rows_duplicate
    assert {left.reason: left.rows for left in found.left_out} == report.reasons
    first = warehouse.rows("select reason, min(source_line) as line from raw.quarantine group by reason")
    assert {left.reason: left.line for left in found.left_out if not left.is_skipped} == {
        row["reason"]: row["line"] for row in first
    }
    if found.table == "events":
        names = {row["event_name"] for row in warehouse.rows("select event_name from raw.events")}
        assert {event.name for event in found.events} == names


def test_columns_say_what_they_are_made_of(look: Look) -> None:
    """Each of ours with its source and how many rows have it."""
    found = filled(look(SAMPLES / "ga4.jsonl", mapping=read_mapping("ga4")))
    assert found["occurred_at"] == ("event_timestamp", 12)
    assert found["properties.query"] == ("event_params[search_term]", 0)
    assert found["properties.prize"] == ("event_params.prize", 1)
    assert found["properties.products"] == ("each of items (on condition)", 5)
    lines = filled(look(SAMPLES / "order_lines.csv", mapping=read_mapping("order_lines")))
    assert lines["properties.products.name"] == ("name", 4)
    assert lines["properties.total"] == ("price times quantity", 5)


def test_names_that_no_model_reads_are_told(look: Look) -> None:
    """They are kept all the same."""
    found = look(SAMPLES / "ga4.jsonl", mapping=read_mapping("ga4"))
    assert found.unknown_events == ("spin_the_wheel",)
    assert [(event.source, event.name, event.rows) for event in found.events[:2]] == [
        ("add_to_cart", "Product Added", 3),
        ("purchase", "Order Completed", 2),
    ]


def test_names_that_are_left_out_are_told_too(
    look: Look, write: Write, event: Callable[..., dict[str, Any]], load_file: LoadFile
) -> None:
    """Where the mapping leaves out what it does not name, that is where one sees what it is."""
    path = write("e.jsonl", event(), *(event(str(number), event_name="wave") for number in range(2)))
    events = {"names": {"view": "Product Viewed"}, "unmapped": "quarantine"}
    found = look(path, mapping=Mapping.model_validate({"events": events}))
    assert found.unknown_events == ("wave",)
    assert [(one.source, one.name, one.rows) for one in found.events] == [
        ("wave", "", 2),
        ("Product Viewed", "Product Viewed", 1),
    ]
    assert found.rows_fit == 1


def test_what_is_not_used_is_told(look: Look, write: Write, event: Callable[..., dict[str, Any]]) -> None:
    """Columns, and members of objects of which others are used; not what goes into the properties as it is."""
    path = write("e.jsonl", event(user_id=None, user={"id": "u", "mood": "good"}, extra=1), "{")
    mapping = Mapping.model_validate({"columns": {"user_id": "user.id"}})
    assert look(path, mapping=mapping).unused == {"extra": 1, "user.mood": 1}
    assert look(path, mapping=Mapping.model_validate({"properties": {"*": {"rest": True}}})).unused == {}
    table = write("e.csv", "event_id,event_name,user_id,occurred_at,a,b", "1,X,u,2026-01-01,x,", "2,X,u,2026-01-01,,")
    assert look(table).unused == {}
    assert look(table, mapping=Mapping.model_validate({"properties": {"c": "a"}})).unused == {"b": 0}


def test_files_that_cannot_be_loaded_are_refused_alike(look: Look, write: Write) -> None:
    """A column that is lacking, a table that is none, a file that is not there."""
    path = write("e.csv", "id", "1")
    with pytest.raises(MappingError, match="'who', which"):
        look(path, mapping=Mapping.model_validate({"columns": {"user_id": "who"}}))
    with pytest.raises(LoadError, match="no raw table"):
        look(path, table="evnts")
    with pytest.raises(LoadError, match="No file matches"):
        look(path.with_name("other.csv"))
    with pytest.raises(LoadError, match="has no rows"):
        look(write("none.csv", "event_id,event_name"))


def test_a_file_of_which_nothing_fits_is_described(look: Look, write: Write) -> None:
    """Where the load would refuse it, the survey says why."""
    found = look(write("e.csv", "event_id,who", "1,a", "2,b"))
    assert (found.rows_read, found.rows_fit) == (2, 0)
    assert [(left.reason, left.rows, left.line) for left in found.left_out] == [("missing_event_name", 2, 2)]


def test_a_million_names_are_not_told_apart(
    look: Look, write: Write, event: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first so many, they are counted together."""
    monkeypatch.setattr(surveys, "MOST_NAMES", 3)
    rows = (event(str(number), event_name=f"name {number}", properties={}) for number in range(9))
    found = look(write("e.jsonl", *rows))
    assert sum(one.rows for one in found.events) == 9
    assert (found.events[0].name, found.events[0].rows) == ("(others)", 6)


def test_the_vocabulary_is_the_documentation() -> None:
    """A name that the page of events lists is known, and no other."""
    text = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    table = text.split("| event | properties |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {name.strip() for cell in cells for name in cell.split(",")} == EVENT_NAMES


def test_a_survey_is_readable() -> None:
    """Aligned tables under titles; what is empty is left out; what is long is cut, but never what a trigger lacks."""
    lacking = [f"Event Number {number}" for number in range(9)]
    text = survey_lines(
        {
            "files": ["a.csv"],
            "table": "events",
            "rows_read": 3,
            "rows_fit": 2,
            "columns": [{"name": "event_id", "source": "x" * 99, "rows": 2}],
            "events": [{"source": "a", "name": "A", "rows": 2, "is_known": False}],
            "left_out": [{"reason": "bad_total", "is_skipped": False, "rows": 1, "file": "a.csv", "line": 7}],
            "unused": {},
            "triggers": [
                {"trigger": "t", "state": "partial", "missing_events": lacking, "missing_tables": ["consents"]}
            ],
        }
    )
    assert text.startswith("a.csv for the table events: 3 rows, 2 of them fit")
    assert re.search(r"^  event_id +x+… +2$", text, re.MULTILINE)
    assert re.search(r"^  quarantined +bad_total +1 +a\.csv, line 7$", text, re.MULTILINE)
    assert ", ".join([*lacking, "table consents"]) in text
    assert "What is not used" not in text
