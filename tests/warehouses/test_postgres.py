"""What PostgreSQL has of its own: refusals with remedies, one writer, and text that it cannot hold."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pytest

from activation.errors import ActivationError, BusyError, ConfigError, WarehouseError
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse, reserved


def at(url: str) -> Settings:
    return Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": url})


def opened(url: str, *, read_copy: bool = False) -> Warehouse:
    return open_warehouse(at(url), read_copy=read_copy)


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[Warehouse]:
    with opened(postgres_url) as found:
        found.prepare()
        yield found


def outside(url: str) -> AbstractContextManager[psycopg.Connection[tuple[object, ...]]]:
    """Another client of the same database."""
    return psycopg.connect(url, autocommit=True)


def changed(url: str, **parts: str) -> str:
    """The URL with another user, password, database or folder of the socket."""
    split = urlsplit(url)
    user, password = parts.get("user", split.username), parts.get("password", split.password)
    folder = parts.get("folder", split.query.removeprefix("host="))
    return f"postgresql://{user}:{password}@/{parts.get('database', split.path[1:])}?host={folder}"


@pytest.mark.parametrize(
    ("wrong", "says", "remedy"),
    [
        ({"password": "geheim"}, "password authentication failed", "Correct the user or the password"),
        ({"user": "stranger"}, "password authentication failed", "Correct the user or the password"),
        ({"database": "nowhere"}, "does not exist", "Create the database"),
        ({"folder": "/nowhere"}, "does not answer", "Check that the server runs"),
    ],
)
def test_who_is_refused_is_told_what_to_correct(
    postgres_url: str, wrong: dict[str, str], says: str, remedy: str
) -> None:
    """The message names the server and what is wrong, and has no password in it, nor has its cause."""
    url = changed(postgres_url, **wrong)
    with pytest.raises(WarehouseError, match=says) as caught:
        opened(url)
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert remedy in caught.value.remedy
    assert "/nowhere" in shown or str(at(url).warehouse) in shown
    assert str(urlsplit(url).password) not in shown


def test_a_password_in_a_servers_words_is_masked(postgres_url: str, warehouse: Warehouse) -> None:
    """Whatever a statement's error repeats."""
    password = urlsplit(postgres_url).password
    with pytest.raises(WarehouseError, match=r"\*\*\*") as caught:
        warehouse.rows(f"select cast('{password}' as integer)")
    assert str(password) not in f"{caught.value} {caught.value.__cause__!r}"


def test_a_database_of_another_encoding_is_refused(postgres_url: str) -> None:
    """Half of the world's names would not fit."""
    with outside(postgres_url) as client:
        client.execute("create database narrow template template0 encoding 'LATIN1' locale 'C' icu_locale 'en-US'")
    with pytest.raises(WarehouseError, match="LATIN1") as caught:
        opened(changed(postgres_url, database="narrow"))
    assert "UTF8" in caught.value.remedy


def test_a_reader_before_the_first_build_is_told_to_build(postgres_url: str) -> None:
    """As with a file that nobody published yet."""
    with pytest.raises(WarehouseError, match="activation build"):
        opened(postgres_url, read_copy=True)


def test_without_its_driver_the_extra_is_named(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is optional, so that a file needs no server's library."""
    for name in [name for name in sys.modules if name.startswith("activation.warehouses.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"activation\[postgres\]"):
        opened(postgres_url)


def test_a_table_that_somebody_holds_is_busy(postgres_url: str, warehouse: Warehouse) -> None:
    """Who waits too long for a lock is told to repeat, and can."""
    warehouse.execute("set lock_timeout = '20ms'")
    with outside(postgres_url) as client, client.transaction():
        client.execute("lock table raw.events")
        with pytest.raises(BusyError, match="holds a table"):
            warehouse.rows("select count(*) from raw.events")
    assert warehouse.rows("select count(*) as n from raw.events") == [{"n": 0}]


def test_a_server_that_stops_is_busy_first(postgres_url: str, warehouse: Warehouse) -> None:
    """The connection that is cut off says so; one that is gone is a WarehouseError; a new one works."""
    with outside(postgres_url) as client:
        client.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
    with pytest.raises(BusyError, match="stopped"):
        warehouse.rows("select 1")
    with pytest.raises(WarehouseError):
        warehouse.rows("select 1")
    with opened(postgres_url) as again:
        assert again.has_table("raw", "events")


def test_one_writer_reserves_the_database(postgres_url: str) -> None:
    """Another process waits, whatever its home; afterwards it is free, after a failure too."""
    for _ in range(2):
        with (
            reserved(at(postgres_url)),
            pytest.raises(BusyError, match="another process") as caught,
            reserved(at(postgres_url)),
        ):
            pass
        assert caught.value.exit_code == 3
    with pytest.raises(ZeroDivisionError), reserved(at(postgres_url)):
        assert 1 / 0
    with reserved(at(postgres_url)):
        pass


def test_text_that_postgresql_cannot_hold_says_that_something_was_there(warehouse: Warehouse) -> None:
    """Character 0 becomes the sign for what cannot be shown, in JSON as elsewhere; what only looks like it stays."""
    texts = ["a\0b", '{"a":"x\\u0000y"}', '["\\\\u0000","\\\\\\u0000"]', "\\u0000"]
    rows = [{"event_id": str(number), "properties": text} for number, text in enumerate(texts)]
    warehouse.append("raw", "events", [pa.RecordBatch.from_pylist(rows)])
    found = [row["properties"] for row in warehouse.rows("select properties from raw.events order by event_id")]
    assert found == ["a\ufffdb", '{"a":"x\\ufffdy"}', '["\\\\u0000","\\\\\\ufffd"]', "\\u0000"]
    assert warehouse.rows("select cast(properties as json) ->> 'a' as a from raw.events where event_id = '1'")


def test_closing_ends_what_is_still_being_read(postgres_url: str) -> None:
    """A result that nobody reads to its end, or not at all, keeps no connection."""
    with opened(postgres_url) as warehouse:
        begun, untouched = (warehouse.read("select generate_series(1, 100) as n", batch_size=1) for _ in range(2))
        next(begun)
    for reading in (begun, untouched):
        with pytest.raises(WarehouseError):
            next(reading)


def test_a_type_without_a_word_in_arrow_names_the_column(warehouse: Warehouse) -> None:
    """A model that hands over such a column is mended by a cast."""
    with pytest.raises(WarehouseError, match="address") as caught:
        list(warehouse.read("select cast('127.0.0.1' as inet) as address"))
    assert "Cast it" in caught.value.remedy


def test_json_is_text_to_the_engine(warehouse: Warehouse) -> None:
    """Whichever of its types a query gives."""
    query = """select cast('{"b":1, "a":2}' as json) as j, cast('{"b":1}' as jsonb) as b"""
    expected = {"j": '{"b":1, "a":2}', "b": '{"b": 1}'}
    assert warehouse.rows(query) == [expected]
    assert next(iter(warehouse.read(query))).to_pylist() == [expected]


def test_a_role_needs_no_more_than_the_pages_say(postgres_url: str, warehouse: Warehouse) -> None:
    """Owning two schemas and creating in the database is enough to prepare; a reader needs to read only."""
    name = urlsplit(postgres_url).path[1:]
    with outside(postgres_url) as client:
        client.execute(f"create role reader_{name} login password 'geheim'")  # type: ignore[call-overload]
        for schema in ("raw", "engine"):
            client.execute(f"grant usage on schema {schema} to reader_{name}")  # type: ignore[call-overload]
            client.execute(f"grant select on all tables in schema {schema} to reader_{name}")  # type: ignore[call-overload]
    with opened(changed(postgres_url, user=f"reader_{name}", password="geheim"), read_copy=True) as reader:
        assert reader.rows("select count(*) as n from raw.events") == [{"n": 0}]
    with opened(changed(postgres_url, user=f"reader_{name}", password="geheim")) as reader:
        reader.prepare()
        with pytest.raises(ActivationError, match="permission denied") as caught:
            reader.append("raw", "events", [pa.RecordBatch.from_pylist([{"event_id": "a"}])])
    assert "docs/warehouses.md" in caught.value.remedy
