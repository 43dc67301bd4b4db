"""Opening the ledger, and its two doors: `read` and `write`.

Writers are serialised: on SQLite by BEGIN IMMEDIATE, on PostgreSQL by the row of the sequence counter, which every
writer locks first. Transactions are short (one window at most), and a change with a higher number is never committed
before one with a lower.
"""

import logging
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from activation.errors import ConfigError, LedgerUnavailableError
from activation.ledger import tables
from activation.ledger.clock import Clock, utc_now
from activation.ledger.faults import translated_faults
from activation.ledger.migrations import migrate
from activation.model import Environment
from activation.settings import Settings

BUSY_SECONDS = 30
WRITES = "ledger_write"

logger = logging.getLogger(__name__)


class Writing:
    """One write transaction: statements, and numbers for the changes they make."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        counter = select(tables.counters.c.value).where(tables.counters.c.name == tables.SEQUENCE)
        self._last: int = connection.execute(counter.with_for_update()).scalar_one()
        self._stored = self._last

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    def reserve(self, count: int = 1) -> int:
        """Take `count` numbers of the sequence; returns the first."""
        first = self._last + 1
        self._last += count
        return first

    def raise_to(self, value: int) -> None:
        """Let the sequence go on after `value`, if it is not there yet."""
        self._last = max(self._last, value)

    def store_sequence(self) -> None:
        if self._last != self._stored:
            counter = update(tables.counters).where(tables.counters.c.name == tables.SEQUENCE)
            self.connection.execute(counter.values(value=self._last))


class Ledger:
    """An open ledger: an engine and a clock. The modules beside this one take it as their first argument."""

    def __init__(
        self, engine: Engine, environment: Environment, real_now: Callable[[], datetime] | None = None
    ) -> None:
        self.engine = engine
        self.place = engine.url.database or engine.url.render_as_string(hide_password=True)
        self.is_shared = engine.dialect.name == "postgresql"
        self.clock = Clock(self, environment, real_now)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction; on SQLite everything in it sees one instant."""
        with translated_faults(self.place), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read transaction in which everything sees one instant, on every database."""
        with translated_faults(self.place), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ") if self.is_shared else connection

    @contextmanager
    def write(self) -> Iterator[Writing]:
        """A write transaction, alone in the ledger: all of it is committed, or nothing."""
        with translated_faults(self.place), self.engine.connect() as connection:
            # The options are set on the connection itself, which is what is returned.
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                writing = Writing(connection)
                yield writing
                writing.store_sequence()

    def incarnation(self) -> str:
        """The identity of this ledger; a recovered one has another."""
        with self.read() as connection:
            return current_incarnation(connection)

    def high_water_mark(self) -> int:
        """The number of the newest change."""
        with self.read() as connection:
            return newest_sequence(connection)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_ledger(settings: Settings, real_now: Callable[[], datetime] | None = None) -> Ledger:
    """Open the ledger of these settings, and create it where there is none.

    `real_now` replaces real time in tests of leases. Raises LedgerUnavailableError, or ConfigError for an address that
    is none.
    """
    ledger = Ledger(_engine(settings.ledger_url), settings.environment, real_now)
    _prepare(ledger)
    return ledger


def current_incarnation(connection: Connection) -> str:
    found: str = connection.execute(select(tables.meta.c.incarnation).where(tables.meta.c.is_current)).scalar_one()
    return found


def newest_sequence(connection: Connection) -> int:
    counter = select(tables.counters.c.value).where(tables.counters.c.name == tables.SEQUENCE)
    value: int = connection.execute(counter).scalar_one()
    return value


def _engine(address: str) -> Engine:
    try:
        url = make_url(address)
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        return _sqlite_engine(address)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError(
            "ACTIVATION_LEDGER_URL is not a database's address.",
            "Write for example sqlite:////var/lib/activation/ledger.sqlite or postgresql+psycopg://host/name.",
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The ledger's database needs the module {error.name}.",
            "Install the extra: pip install 'activation[postgres]'.",
        ) from None


def _sqlite_engine(address: str) -> Engine:
    url = make_url(address)
    if url.database and url.database != ":memory:":
        _make_folder(Path(url.database).parent)
    arguments = {} if "timeout" in url.query else {"timeout": BUSY_SECONDS}
    engine = create_engine(url, connect_args=arguments)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailableError(
            f"The ledger's folder {folder} cannot be made: {error.strerror}.",
            "Set ACTIVATION_HOME to a folder that may be written.",
        ) from None


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin deferred, and a deferred one cannot wait its turn to write.
    connection.isolation_level = None
    for attempt in range(BUSY_SECONDS * 20):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # Turning a new file to WAL does not wait for a lock as everything else does.
            if "locked" not in str(error) or attempt == BUSY_SECONDS * 20 - 1:
                raise
            time.sleep(0.05)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32000")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(ledger: Ledger) -> None:
    with ledger.read() as connection:
        is_new = not inspect(connection).has_table("meta")
        version = None if is_new else connection.execute(select(tables.meta.c.schema_version)).scalars().first()
    if is_new or version is None:
        _create(ledger)
    elif version > tables.SCHEMA_VERSION:
        raise LedgerUnavailableError(
            f"The ledger {ledger.place} has schema version {version}, newer than this program's.",
            "Upgrade the program.",
        )
    elif version < tables.SCHEMA_VERSION:
        _migrate(ledger)


def _migrate(ledger: Ledger) -> None:
    with translated_faults(ledger.place), ledger.engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            before = migrate(connection)
    logger.info("the ledger %s came from version %d to %d", ledger.place, before, tables.SCHEMA_VERSION)


def _create(ledger: Ledger) -> None:
    with translated_faults(ledger.place), ledger.engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            tables.metadata.create_all(connection)
            if connection.execute(select(tables.meta.c.incarnation)).first() is None:
                connection.execute(insert(tables.counters).values(name=tables.SEQUENCE, value=0))
                connection.execute(insert(tables.meta).values(**new_incarnation()))


def new_incarnation() -> dict[str, Any]:
    """A row of `meta` for a ledger that begins now."""
    return {
        "incarnation": str(uuid.uuid4()),
        "schema_version": tables.SCHEMA_VERSION,
        "created_at": utc_now(),
        "is_current": True,
    }
