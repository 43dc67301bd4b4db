import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from activation.errors import ConfigError, LedgerUnavailableError
from activation.ledger import Ledger, open_ledger, pauses, tables
from activation.ledger.export import _queries
from activation.ledger.feedback import Feedback, record_feedback
from activation.ledger.states import changes, latest
from activation.settings import Settings


def test_opening_twice_finds_the_same_ledger(settings: Settings) -> None:
    """A ledger is created once and keeps its identity."""
    with open_ledger(settings) as first, open_ledger(settings) as second:
        assert first.incarnation() == second.incarnation()


def test_sqlite_is_durable(ledger: Ledger) -> None:
    """Every commit reaches the disk: write-ahead log and full synchronisation."""
    with ledger.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_opening_a_new_ledger_from_several_threads_creates_one(settings: Settings) -> None:
    """Whoever comes first creates it; the others find it."""
    found: list[str] = []

    def open_it() -> None:
        with open_ledger(settings) as ledger:
            found.append(ledger.incarnation())

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_failed_write_leaves_nothing(ledger: Ledger) -> None:
    """A transaction that fails takes back its rows and its numbers."""
    before = ledger.high_water_mark()

    def fail() -> None:
        with ledger.write() as writing:
            writing.execute(insert(tables.counters).values(name="other", value=writing.reserve()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.counters)).scalar_one() == 1
    assert ledger.high_water_mark() == before


def test_a_full_disk_is_named_and_half_writes_nothing(ledger: Ledger) -> None:
    """When there is no room left, the error says so, nothing of the transaction stays, and it goes on when there is."""
    told = [Feedback("x" * 2000 + str(number), "opened", "email", ledger.clock.now()) for number in range(200)]
    with ledger.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LedgerUnavailableError, match=r"no room left.*Free disk space"):
        record_feedback(ledger, told)
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert connection.execute(select(func.count()).select_from(tables.feedback)).scalar_one() == 0
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    assert record_feedback(ledger, told) == 200


def test_a_lock_held_by_another_is_named(settings: Settings, ledger: Ledger) -> None:
    """A writer that never ends is reported as what it is."""
    impatient = Settings.from_environ(
        {**settings.environ, "ACTIVATION_LEDGER_URL": settings.ledger_url + "?timeout=0.05"}
    )
    blocker = sqlite3.connect(settings.home / "ledger.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with open_ledger(impatient) as other, pytest.raises(LedgerUnavailableError, match="locked by another"):
            pauses.pause(other, "all", "test")
    finally:
        blocker.close()


@pytest.mark.parametrize("content", [b"not a database, just text " * 50, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_named_with_the_way_out(settings: Settings, content: bytes) -> None:
    """A file that is no ledger leads to the backup and to `activation ledger recover`."""
    (settings.home / "ledger.sqlite").write_bytes(content)
    with pytest.raises(LedgerUnavailableError, match="activation ledger recover"):
        open_ledger(settings)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A home below a file is refused in one sentence."""
    (tmp_path / "file").write_text("")
    settings = Settings.from_environ({"ACTIVATION_HOME": str(tmp_path / "file" / "home")})
    with pytest.raises(LedgerUnavailableError, match="ACTIVATION_HOME"):
        open_ledger(settings)


def test_a_newer_ledger_is_refused(settings: Settings) -> None:
    """An older program does not touch a ledger whose shape it does not know."""
    with open_ledger(settings) as ledger, ledger.write() as writing:
        writing.execute(tables.meta.update().values(schema_version=tables.SCHEMA_VERSION + 1))
    with pytest.raises(LedgerUnavailableError, match="Upgrade"):
        open_ledger(settings)


@pytest.mark.parametrize("address", ["nonsense", "oracle9://host/name"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    """A wrong ACTIVATION_LEDGER_URL is named as such."""
    settings = Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_LEDGER_URL": address})
    with pytest.raises(ConfigError, match="ACTIVATION_LEDGER_URL"):
        open_ledger(settings)


def test_every_table_and_query_is_valid_for_postgresql() -> None:
    """What runs on SQLite compiles for PostgreSQL too."""
    dialect = postgresql.dialect()
    assert tables.metadata.sorted_tables
    for table in tables.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
    for query in (changes(["key"], after=1), select(latest()), *_queries(1).values()):
        assert str(query.compile(dialect=dialect))
