"""What every warehouse must do; a new one is in by one entry in WAREHOUSES."""

import resource
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from activation.errors import WarehouseError
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse
from activation.warehouses.schema import SCHEMAS


def duckdb_file(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"ACTIVATION_HOME": str(request.getfixturevalue("tmp_path"))}


def postgres_database(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"ACTIVATION_WAREHOUSE_URL": request.getfixturevalue("postgres_url")}


# What the environment says of each.
WAREHOUSES: dict[str, Callable[[pytest.FixtureRequest], dict[str, str]]] = {
    "duckdb": duckdb_file,
    "postgres": postgres_database,
}
EVENT = {"event_id": "e1", "event_name": "Signed Up", "user_id": "u1", "occurred_at": datetime(2026, 1, 1, 12, 30)}


def batch(*rows: dict[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


def ids(warehouse: Warehouse) -> list[str]:
    return [row["event_id"] for row in warehouse.rows("select event_id from raw.events order by event_id")]


@pytest.fixture(params=WAREHOUSES)
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings.from_environ(WAREHOUSES[request.param](request))


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(settings) as opened:
        opened.prepare()
        yield opened


def test_prepare_creates_every_table_and_may_be_repeated(warehouse: Warehouse) -> None:
    """All tables of raw and engine exist, and preparing again keeps their rows."""
    warehouse.append("raw", "events", [batch(EVENT)])
    warehouse.prepare()
    assert SCHEMAS
    assert all(warehouse.has_table(schema, table) for schema, tables in SCHEMAS.items() for table in tables)
    assert ids(warehouse) == ["e1"]


def test_has_table_is_false_for_what_is_not_there(warehouse: Warehouse) -> None:
    """A table of the right name in another schema does not count."""
    assert not warehouse.has_table("raw", "runs")
    assert not warehouse.has_table("nowhere", "events")


def test_values_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    """Text of any script, JSON text, nulls and times survive the round trip; a column left out is null."""
    text = 'Zoë "日本" \\ 🎁 \n\t; drop table raw.events --'
    row = {**EVENT, "user_id": text, "properties": '{"a":"é","b":[1,2.5,null]}', "load_id": 2**62}
    assert warehouse.append("raw", "events", [batch(row)]) == 1
    found = warehouse.rows("select * from raw.events")[0]
    assert {name: found[name] for name in row} == row
    assert found["anonymous_id"] is None


def test_types_of_a_query_survive(warehouse: Warehouse) -> None:
    """Decimals stay exact, dates are dates, booleans are booleans."""
    query = "select cast('12345678901234.56' as decimal(18, 2)) as d, cast('2026-02-28' as date) as day, 1 = 1 as yes"
    assert warehouse.rows(query) == [{"d": Decimal("12345678901234.56"), "day": date(2026, 2, 28), "yes": True}]


def test_times_with_a_zone_are_written_as_utc(warehouse: Warehouse) -> None:
    """The session's zone is UTC, so casting a time with a zone does not depend on the machine."""
    row = {**EVENT, "occurred_at": datetime(2026, 7, 1, 12, tzinfo=UTC)}
    warehouse.append("raw", "events", [batch(row)])
    query = (
        "select occurred_at, cast(timestamp with time zone '2026-07-01 12:00:00+02' as timestamp) as t from raw.events"
    )
    assert warehouse.rows(query) == [{"occurred_at": datetime(2026, 7, 1, 12), "t": datetime(2026, 7, 1, 10)}]


def test_read_streams_batches_of_at_most_the_size(warehouse: Warehouse) -> None:
    """No batch is larger than asked for, and all rows come, while other statements run in between."""
    rows = [{**EVENT, "event_id": f"e{number:04}"} for number in range(2500)]
    warehouse.append("raw", "events", [batch(*rows)])
    sizes = []
    for part in warehouse.read("select event_id from raw.events order by event_id", batch_size=700):
        sizes.append(part.num_rows)
        warehouse.rows("select 1 as one")
    assert max(sizes) <= 700
    assert sum(sizes) == 2500


def test_parameters_are_bound_by_name(warehouse: Warehouse) -> None:
    """A parameter is a value and never SQL, in read and in rows alike."""
    warehouse.append("raw", "events", [batch(EVENT)])
    query = "select event_id from raw.events where user_id = $user_id"
    assert warehouse.rows(query, {"user_id": "u1"}) == [{"event_id": "e1"}]
    assert warehouse.rows(query, {"user_id": "u1' or 'a' = 'a"}) == []
    assert [part.to_pylist() for part in warehouse.read(query, {"user_id": "u1"})] == [[{"event_id": "e1"}]]


def test_read_sees_what_the_transaction_wrote(warehouse: Warehouse) -> None:
    """Inside a transaction a read sees its own rows, and writing while reading is allowed."""
    with warehouse.transaction():
        warehouse.append("raw", "events", [batch(EVENT)])
        for part in warehouse.read("select event_id from raw.events"):
            warehouse.append("raw", "events", [batch({"event_id": part["event_id"][0].as_py() + "x"})])
    assert ids(warehouse) == ["e1", "e1x"]


def test_append_goes_by_column_name(warehouse: Warehouse) -> None:
    """The order of a batch's columns does not matter, and no batch means no row."""
    warehouse.append("raw", "events", [batch({"user_id": "u", "event_id": "e"})])
    assert warehouse.append("raw", "events", []) == 0
    assert warehouse.rows("select event_id, user_id from raw.events") == [{"event_id": "e", "user_id": "u"}]


def test_append_of_an_unknown_column_is_refused(warehouse: Warehouse) -> None:
    """A column that the table lacks is an error, not silently dropped; nothing is written."""
    with pytest.raises(WarehouseError, match="surprise"):
        warehouse.append("raw", "events", [batch(EVENT), batch({"event_id": "e2", "surprise": 1})])
    assert ids(warehouse) == []


def test_append_new_keeps_the_first_of_each_key(warehouse: Warehouse) -> None:
    """Rows whose key is in the table or came earlier, in this batch or one before, are left out."""
    warehouse.append("raw", "events", [batch(EVENT)])
    new = [
        batch({"event_id": "e1", "user_id": "late"}, {"event_id": "e2", "user_id": "first"}),
        batch({"event_id": "e2", "user_id": "second"}, {"event_id": "e3", "user_id": "only"}),
    ]
    assert warehouse.append_new("raw", "events", ["event_id"], new) == 2
    assert warehouse.append_new("raw", "events", ["event_id"], new) == 0
    found = warehouse.rows("select event_id, user_id from raw.events order by event_id")
    assert [row["user_id"] for row in found] == ["u1", "first", "only"]


def test_append_new_takes_nulls_as_equal(warehouse: Warehouse) -> None:
    """A key of several columns compares as a whole, and null equals null."""
    rows = [{"id": "a", "attributes": None}, {"id": "a", "attributes": None}, {"id": "a", "attributes": "{}"}]
    schema = pa.schema([("id", pa.string()), ("attributes", pa.string())])
    batches = [pa.RecordBatch.from_pylist(rows, schema)]
    assert warehouse.append_new("raw", "customers", ["id", "attributes"], batches) == 2
    assert warehouse.append_new("raw", "customers", ["id", "attributes"], batches) == 0


def test_a_failed_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    """An exception undoes everything, and the connection can be used afterwards."""
    with pytest.raises(ZeroDivisionError), warehouse.transaction():
        assert warehouse.append("raw", "events", [batch(EVENT)]) / 0
    assert ids(warehouse) == []
    warehouse.append("raw", "events", [batch(EVENT)])
    assert ids(warehouse) == ["e1"]


def test_a_failing_source_of_batches_leaves_nothing(warehouse: Warehouse) -> None:
    """When the batches themselves fail midway, their own error comes out and no row stays."""

    def failing() -> Iterator[pa.RecordBatch]:
        yield batch(EVENT)
        raise ZeroDivisionError

    for append in (warehouse.append, lambda s, t, b: warehouse.append_new(s, t, ["event_id"], b)):
        with pytest.raises(ZeroDivisionError):
            append("raw", "events", failing())
    assert ids(warehouse) == []


def test_transactions_do_not_nest(warehouse: Warehouse) -> None:
    """A second one inside the first is refused, for it could not be undone alone."""
    with warehouse.transaction(), pytest.raises(WarehouseError), warehouse.transaction():
        pass


def test_a_broken_query_is_a_warehouse_error(warehouse: Warehouse) -> None:
    """Errors of the database never leak as its own classes, in whichever method they arise."""
    for use in (warehouse.rows, warehouse.execute, lambda query: list(warehouse.read(query))):
        with pytest.raises(WarehouseError):
            use("select * from raw.no_such_table")


def test_text_that_a_format_might_trip_over_survives(warehouse: Warehouse) -> None:
    """Quotes, separators, line ends, what ends a stream elsewhere, and nothing at all beside an empty text."""
    texts = ['"', '""', ",", "a\nb", "a\r\nb", "\\", "\\N", "\\.", "a\n\\.\nb", " ", "", "null", "\x1f\x7f", None]
    rows = [{"event_id": f"e{number:02}", "user_id": text} for number, text in enumerate(texts)]
    warehouse.append("raw", "events", [batch(*rows)])
    found = warehouse.rows("select user_id from raw.events order by event_id")
    assert [row["user_id"] for row in found] == texts


def test_every_kind_of_value_streams_as_it_is(warehouse: Warehouse) -> None:
    """Numbers exact or floating, sums among them, whole numbers, truth, days, instants to the microsecond, and null."""
    query = """select cast('-0.0001' as decimal(18, 4)) as small, sum(cast('1.25' as decimal(18, 4))) as total,
        cast(2.5 as double precision) as real, cast('9223372036854775807' as bigint) as big, 1 = 0 as no,
        cast('1969-12-31' as date) as day, cast('9999-12-31 23:59:59.999999' as timestamp) as late,
        cast(null as timestamp) as never, cast(null as decimal(18, 4)) as nothing"""
    expected = {
        "small": Decimal("-0.0001"),
        "total": Decimal("1.25"),
        "real": 2.5,
        "big": 2**63 - 1,
        "no": False,
        "day": date(1969, 12, 31),
        "late": datetime(9999, 12, 31, 23, 59, 59, 999999),
        "never": None,
        "nothing": None,
    }
    (part,) = warehouse.read(query)
    assert part.to_pylist() == warehouse.rows(query) == [expected]
    assert all(pa.types.is_decimal(part.schema.field(name).type) for name in ("small", "total", "nothing"))
    assert isinstance(warehouse.rows(query)[0]["total"], Decimal)


def test_arrow_types_of_one_meaning_are_written_alike(warehouse: Warehouse) -> None:
    """Long and dictionary-encoded text, instants in another zone or finer unit: the table's own types come back."""
    at = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Paris"))
    columns = {
        "event_id": pa.array(["a"], pa.large_string()),
        "user_id": pa.array(["u"]).dictionary_encode(),
        "occurred_at": pa.array([at], pa.timestamp("ms", "Europe/Paris")),
        "received_at": pa.array([datetime(2026, 7, 1, 10)], pa.timestamp("ns")),
        "anonymous_id": pa.nulls(1),
    }
    warehouse.append("raw", "events", [pa.record_batch(columns)])
    query = "select event_id, user_id, occurred_at, received_at, anonymous_id from raw.events"
    noon = datetime(2026, 7, 1, 10)
    assert [tuple(row.values()) for row in warehouse.rows(query)] == [("a", "u", noon, noon, None)]


def test_names_are_names_whatever_is_in_them(warehouse: Warehouse) -> None:
    """A table and a column with a quote, a space, a capital or a word of SQL in their names can be written and read."""
    warehouse.execute('create table raw."Order ""of"" select" ("group" bigint, "Ähnlich $id %s" text)')
    columns = {"Ähnlich $id %s": "x", "group": 1}
    assert warehouse.has_table("raw", 'Order "of" select')
    assert warehouse.append("raw", 'Order "of" select', [batch(columns)]) == 1
    assert warehouse.append_new("raw", 'Order "of" select', ["Ähnlich $id %s"], [batch(columns)]) == 0
    query = 'select * from raw."Order ""of"" select" where "group" = $group and "Ähnlich $id %s" like \'%x\''
    assert warehouse.rows(query, {"group": 1}) == [columns]


def test_what_looks_like_a_parameter_in_a_literal_is_none(warehouse: Warehouse) -> None:
    """Text in quotes stays as it is, percent signs and dollars included."""
    query = "select '$a' as a, '100 %' as b, '%(a)s' as c, $a as d -- $b isn't one\n"
    assert warehouse.rows(query, {"a": "$b"}) == [{"a": "$a", "b": "100 %", "c": "%(a)s", "d": "$b"}]


def test_a_large_result_is_never_held_whole(warehouse: Warehouse) -> None:
    """The first batches of a result of gigabytes come without it, in memory that does not grow with it."""
    rows = [{"event_id": f"e{number}", "properties": "x" * 100} for number in range(300)]
    warehouse.append("raw", "events", [batch(*rows)])
    query = "select a.event_id, b.properties from raw.events as a cross join raw.events as b cross join raw.events as c"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = warehouse.read(query, batch_size=10_000)
    assert sum(next(reading).num_rows for _ in range(20)) > 30_000
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 300_000_000


def test_a_read_that_nobody_finishes_disturbs_nobody(warehouse: Warehouse) -> None:
    """What was begun to be read can be changed and dropped afterwards."""
    warehouse.append("raw", "events", [batch(*({**EVENT, "event_id": f"e{number}"} for number in range(3000)))])
    reading = warehouse.read("select event_id from raw.events", batch_size=10)
    next(reading)
    reading.close()
    warehouse.execute("delete from raw.events")
    warehouse.execute("drop table raw.events")
    assert not warehouse.has_table("raw", "events")


def test_append_new_compares_every_kind_of_key(warehouse: Warehouse) -> None:
    """Null is not empty text, and one null in a key does not make the rest of it match."""
    key = ["id", "changed_at", "attributes", "is_deleted"]
    at = datetime(2026, 1, 1)
    first = [
        {"id": "a", "changed_at": at, "attributes": "", "is_deleted": False},
        {"id": "a", "changed_at": at, "attributes": None, "is_deleted": False},
        {"id": "a", "changed_at": None, "attributes": None, "is_deleted": None},
        {"id": None, "changed_at": at, "attributes": "", "is_deleted": False},
    ]
    assert warehouse.append_new("raw", "customers", key, [batch(*first)]) == 4
    again = [*first, {"id": "b", "changed_at": None, "attributes": None, "is_deleted": None}]
    assert warehouse.append_new("raw", "customers", key, [batch(*again), batch(*again)]) == 1
    assert warehouse.rows("select count(*) as n from raw.customers")[0]["n"] == 5


def test_appending_in_a_transaction_belongs_to_it(warehouse: Warehouse) -> None:
    """New rows, found to be new among those of the same transaction, go with it when it fails."""

    def append_and_fail() -> None:
        with warehouse.transaction():
            assert warehouse.append_new("raw", "events", ["event_id"], [batch(EVENT)]) == 1
            assert warehouse.append_new("raw", "events", ["event_id"], [batch(EVENT)]) == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        append_and_fail()
    assert ids(warehouse) == []


def test_text_is_ordered_by_its_bytes(warehouse: Warehouse) -> None:
    """Two warehouses give one order, and so one row among equals, whatever language a database was made for."""
    texts = ["a", "B", "_", "é", "Z", "10", "9", "ab", "a b", "A"]
    warehouse.append("raw", "events", [batch(*({"event_id": text} for text in texts))])
    assert ids(warehouse) == sorted(texts, key=str.encode)


def test_two_connections_see_what_is_committed(settings: Settings, warehouse: Warehouse) -> None:
    """A reader opened after a commit and a publication has the rows; nothing can be written through it."""
    warehouse.append("raw", "events", [batch(EVENT)])
    warehouse.publish()
    with open_warehouse(settings, read_copy=True) as reader:
        assert ids(reader) == ["e1"]
        with pytest.raises(WarehouseError, match="read-only"):
            reader.append("raw", "events", [batch(EVENT)])
