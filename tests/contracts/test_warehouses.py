"""What every warehouse must do; a new one is in by one entry in WAREHOUSES."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from activation.errors import WarehouseError
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse
from activation.warehouses.duckdb import DuckDBWarehouse
from activation.warehouses.schema import SCHEMAS

Open = Callable[[], Warehouse]


def duckdb_file(request: pytest.FixtureRequest) -> Open:
    folder = request.getfixturevalue("tmp_path")
    return lambda: DuckDBWarehouse(folder / "warehouse.duckdb", folder / "warehouse_read.duckdb")


def postgres_database(request: pytest.FixtureRequest) -> Open:
    settings = Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": request.getfixturevalue("postgres_url")})
    return lambda: open_warehouse(settings)


WAREHOUSES: dict[str, Callable[[pytest.FixtureRequest], Open]] = {
    "duckdb": duckdb_file,
    "postgres": postgres_database,
}
EVENT = {"event_id": "e1", "event_name": "Signed Up", "user_id": "u1", "occurred_at": datetime(2026, 1, 1, 12, 30)}


def batch(*rows: dict[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


def ids(warehouse: Warehouse) -> list[str]:
    return [row["event_id"] for row in warehouse.rows("select event_id from raw.events order by event_id")]


@pytest.fixture(params=WAREHOUSES)
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    with WAREHOUSES[request.param](request)() as opened:
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
