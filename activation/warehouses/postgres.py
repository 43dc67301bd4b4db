"""A PostgreSQL database as warehouse: rows leave through server-side cursors and arrive by COPY."""

# ruff: noqa: S608 - table and column names are quoted, values are bound

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow, dict_row
from psycopg.types.string import TextLoader

from activation.errors import ActivationError, BusyError, WarehouseError
from activation.settings import ServerAddress
from activation.warehouses.postgres_errors import translated
from activation.warehouses.postgres_rows import as_batch, as_csv, schema_of
from activation.warehouses.schema import RAW, SCHEMAS, quoted, statements
from activation.warehouses.transactions import Transactions

OLDEST_VERSION = 15
CONNECT_SECONDS = 10
KEEPALIVE_SECONDS = 60
LOCK_TIMEOUT = "60s"
# To the engine these are text.
TEXT_TYPES = ("json", "jsonb", "uuid")
STAGED = "activation_staged_rows"
POSITION = "activation_position"
# Any number that nobody else locks in this database.
WRITER_LOCK = 4_741_630_195_001
# The collation by which models lower letters of any alphabet.
UNICODE = "und-x-icu"
# Below this many new rows the planner's statistics are near enough.
ANALYZED_ROWS = 1_000
# A parameter, and what may look like one: literals, quoted names, comments. A bare % is psycopg's.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$([A-Za-z_]\w*)|%", re.DOTALL)
# Exceptions are how PostgreSQL 15 says that a text is no JSON; version 16 has a function for it.
JSON_KIND = """
create or replace function engine.json_kind(value text) returns text language plpgsql immutable parallel safe as $body$
begin
    return json_typeof(cast(value as json));
exception when others then
    return null;
end
$body$
"""

Connection = psycopg.Connection[TupleRow]


class PostgresWarehouse(Transactions):
    """An open connection to a PostgreSQL database. With `read_copy` nothing can be written through it.

    There is no copy: readers see what is committed, model by model while a build runs. Raises WarehouseError when the
    server cannot be reached, is too old, or, with `read_copy`, when nothing has been built yet.
    """

    def __init__(self, address: ServerAddress, *, read_copy: bool = False) -> None:
        self.address = address
        self._read_only = read_copy
        self._connection = self._connect()
        self._cursors = 0
        self._streams: list[Connection] = []
        try:
            self._require_usable()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, and those of results that are still being read; what was not committed is undone."""
        for connection in [*self._streams, self._connection]:
            connection.close()
        self._streams.clear()

    def prepare(self) -> None:
        """Create the schemas `raw` and `engine`, their tables and indexes where they are missing."""
        if self._is_prepared():
            return
        if not self.rows("select 1 as one from pg_collation where collname = $name", {"name": UNICODE}):
            raise WarehouseError(
                f"{self.address} was built without ICU, so it knows the letters of English only.",
                "Use PostgreSQL as Debian, Docker and the cloud providers build it.",
            )
        with self._own_transaction():
            for statement in [*_ddl(), JSON_KIND]:
                self.execute(statement)

    def read(
        self, query: str, parameters: Mapping[str, Any] | None = None, batch_size: int = 10_000
    ) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows in batches of at most `batch_size`. Parameters are named, `$name` in the query.

        Outside a transaction the stream has a connection of its own, so that it sees one moment whatever follows here.
        """
        own = None if self._is_in_transaction else self._open_stream()
        try:
            self._cursors += 1
            cursor = (own or self._connection).cursor(f"activation_{self._cursors}")
            with translated(self.address):
                cursor.execute(*_bound(query, parameters))
                schema = schema_of(cursor.description or ())
        except BaseException:
            self._close_stream(own)
            raise
        return self._batches(cursor, schema, batch_size, own)

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """A small query's rows as dictionaries."""
        with translated(self.address), self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(*_bound(query, parameters)).fetchall()

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns nothing."""
        with translated(self.address):
            self._connection.execute(*_bound(statement, parameters))

    def append(self, schema: str, table: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows by column name; returns how many. All of them are appended, or none."""
        with self._own_transaction():
            appended = sum(self._copy(quoted(schema, table), batch) for batch in batches)
            self._refresh_statistics(quoted(schema, table), appended)
        return appended

    def append_new(self, schema: str, table: str, key: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
        """Append the rows whose key is neither in the table nor earlier in `batches`; returns how many.

        Nulls in a key count as equal.
        """
        target, staged = quoted(schema, table), quoted(STAGED)
        with self._own_transaction():
            self.execute(f"create temp table {staged} (like {target}, {POSITION} bigint) on commit drop")
            position, with_nulls = 0, set[str]()
            for batch in batches:
                numbers = np.arange(position, position + batch.num_rows)
                self._copy(staged, batch.append_column(POSITION, pa.array(numbers, pa.int64())))
                position += batch.num_rows
                with_nulls |= {name for name in key if _has_nulls(batch, name)}
            self._refresh_statistics(staged, position)
            columns = [row["column_name"] for row in self.rows(_columns_query(), {"schema": schema, "table": table})]
            appended = self._count(_append_new_statement(target, staged, columns, key, with_nulls))
            self._refresh_statistics(target, appended)
            self.execute(f"drop table {staged}")
        return appended

    def show_files(self, schema: str, table: str, files: Sequence[Path]) -> None:  # noqa: ARG002 - the interface's
        """Never: a PostgreSQL server reads no Parquet files. Raises WarehouseError."""
        raise WarehouseError(
            f"{self.address} cannot read Parquet files, so {schema}.{table} cannot show any.",
            "Keep old events where they are; PostgreSQL can put them into partitions on slower disks.",
        )

    def has_table(self, schema: str, table: str) -> bool:
        query = "select 1 from information_schema.tables where table_schema = $schema and table_name = $table"
        return bool(self.rows(query, {"schema": schema, "table": table}))

    def publish(self) -> None:
        """Nothing to do: what is committed is what readers see."""
        self._refuse_open_transaction()

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Be the only writer of this database, whichever host or ledger another one belongs to.

        The lock ends with the connection, so a crash frees it. Raises BusyError when another process has it.
        """
        if not self.rows("select pg_try_advisory_lock($key) as is_ours", {"key": WRITER_LOCK})[0]["is_ours"]:
            raise BusyError(f"{self.address} is being written by another process.", "Wait until it is done and repeat.")
        try:
            yield
        finally:
            with contextlib.suppress(ActivationError):
                self.execute("select pg_advisory_unlock($key)", {"key": WRITER_LOCK})

    def _connect(self) -> Connection:
        address = self.address
        options = f"-c TimeZone=UTC -c DateStyle=ISO -c lock_timeout={LOCK_TIMEOUT}"
        if self._read_only:
            options += " -c default_transaction_read_only=on"
        parts = make_conninfo(
            host=address.host,
            port=address.port,
            dbname=address.database,
            user=address.user,
            password=address.password.reveal(),
            connect_timeout=CONNECT_SECONDS,
            # A writer's lock is a quiet connection, which networks like to forget.
            keepalives_idle=KEEPALIVE_SECONDS,
            application_name="activation",
            options=options,
            **address.tls,
        )
        with translated(address):
            connection = psycopg.connect(parts, autocommit=True)
        for name in TEXT_TYPES:
            connection.adapters.register_loader(name, TextLoader)
        return connection

    def _require_usable(self) -> None:
        version = self._connection.info.server_version // 10_000
        if version < OLDEST_VERSION:
            raise WarehouseError(
                f"{self.address} runs PostgreSQL {version}.", f"Version {OLDEST_VERSION} or newer is needed."
            )
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise WarehouseError(
                f"{self.address} is encoded in {encoding}.", "Create the database with `encoding 'UTF8'`."
            )
        if self._read_only and not self.has_table(RAW, "loads"):
            raise WarehouseError(f"{self.address} is empty: nothing has been built yet.", "Run `activation build`.")

    def _is_prepared(self) -> bool:
        """Asked first, so that a role that may not create anything can work in a prepared database."""
        query = "select table_schema, table_name from information_schema.tables where table_schema = any($schemas)"
        found = {(row["table_schema"], row["table_name"]) for row in self.rows(query, {"schemas": list(SCHEMAS)})}
        return found >= {(schema, table) for schema, tables in SCHEMAS.items() for table in tables}

    def _batches(
        self, cursor: psycopg.ServerCursor[TupleRow], schema: pa.Schema, batch_size: int, own: Connection | None
    ) -> Iterator[pa.RecordBatch]:
        try:
            with translated(self.address):
                while rows := cursor.fetchmany(batch_size):
                    yield as_batch(rows, schema)
                cursor.close()
        finally:
            self._close_stream(own)

    def _open_stream(self) -> Connection:
        connection = self._connect()
        connection.autocommit = False
        self._streams.append(connection)
        return connection

    def _close_stream(self, connection: Connection | None) -> None:
        if connection is not None:
            connection.close()
            if connection in self._streams:
                self._streams.remove(connection)

    def _copy(self, target: str, batch: pa.RecordBatch) -> int:
        if not batch.num_rows:
            return 0
        columns = ", ".join(quoted(name) for name in batch.schema.names)
        with translated(self.address), self._connection.cursor() as cursor:
            with cursor.copy(_trusted(f"copy {target} ({columns}) from stdin (format csv)")) as copy:
                copy.write(as_csv(batch))
            return cursor.rowcount

    def _refresh_statistics(self, target: str, rows: int) -> None:
        if rows >= ANALYZED_ROWS:
            self.execute(f"analyze {target}")

    def _count(self, statement: str) -> int:
        with translated(self.address):
            return self._connection.execute(_trusted(statement)).rowcount


def _ddl() -> list[str]:
    """The tables in the order of bytes, as DuckDB compares text, and what loads and builds look rows up by."""
    made = [re.sub(r'(" text)\b', r'\1 collate "C"', statement) for statement in statements()]
    for table, columns in SCHEMAS[RAW].items():
        names = [name for name, _ in columns]
        if names[0] in ("event_id", "id"):
            made.append(
                f"create index if not exists {quoted(f'{table}_{names[0]}')} on {quoted(RAW, table)} ({names[0]})"
            )
        if "load_id" in names:
            index = quoted(f"{table}_load_id")
            made.append(f"create index if not exists {index} on {quoted(RAW, table)} using brin (load_id)")
    return made


def _has_nulls(batch: pa.RecordBatch, name: str) -> bool:
    return name not in batch.schema.names or batch.column(name).null_count > 0


def _columns_query() -> str:
    return (
        "select column_name from information_schema.columns "
        "where table_schema = $schema and table_name = $table order by ordinal_position"
    )


def _append_new_statement(
    target: str, staged: str, columns: Sequence[str], key: Sequence[str], with_nulls: set[str]
) -> str:
    """`is not distinct from` can be neither hashed nor looked up in an index, so only a column with nulls pays."""
    listed = ", ".join(quoted(column) for column in columns)
    grouped = ", ".join(quoted(column) for column in key)
    same = " and ".join(_same(quoted(column), has_nulls=column in with_nulls) for column in key)
    return f"""
        insert into {target} ({listed})
        select {listed} from {staged} as new
        where {POSITION} in (select min({POSITION}) from {staged} group by {grouped})
        and not exists (select 1 from {target} as kept where {same})
        order by {POSITION}
    """


def _same(column: str, *, has_nulls: bool) -> str:
    if not has_nulls:
        return f"kept.{column} = new.{column}"
    return (
        f"coalesce(cast(kept.{column} as text), '') = coalesce(cast(new.{column} as text), '') "
        f"and (kept.{column} is null) = (new.{column} is null)"
    )


def _bound(query: str, parameters: Mapping[str, Any] | None) -> tuple[sql.SQL, Mapping[str, Any] | None]:
    """The query with psycopg's way of naming parameters; without parameters it is left as it is."""
    if not parameters:
        return _trusted(query), None

    def renamed(token: re.Match[str]) -> str:
        return f"%({token[1]})s" if token[1] else token[0].replace("%", "%%")

    return _trusted(TOKEN.sub(renamed, query)), parameters


def _trusted(text: str) -> sql.SQL:
    """psycopg asks for literals; ours are made of quoted names and checked identifiers."""
    return sql.SQL(text)
