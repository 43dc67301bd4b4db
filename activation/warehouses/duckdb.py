"""A DuckDB file as warehouse: one process holds it, briefly; readers open a published copy."""

# ruff: noqa: S608 - table and column names are quoted, values are bound

import contextlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from activation.errors import ActivationError, BusyError, WarehouseError
from activation.warehouses.schema import SCHEMAS, quoted, statements
from activation.warehouses.transactions import Transactions

STAGED = "activation_staged_rows"
INCOMING = "activation_incoming_rows"
POSITION = "activation_position"
COPY_PROGRAM = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


class DuckDBWarehouse(Transactions):
    """An open connection to a DuckDB file; `read_copy_path` is where `publish()` puts the copy for readers.

    With `read_copy` it is that copy that is opened, read-only. Raises BusyError when another process holds the file,
    WarehouseError when it cannot be opened or the copy does not exist.
    """

    def __init__(self, path: Path, read_copy_path: Path, *, read_copy: bool = False) -> None:
        self.path = read_copy_path if read_copy else path
        self.read_copy_path = read_copy_path
        self._catalog = path.stem
        self._connection = _connect_copy(read_copy_path, self._catalog) if read_copy else _connect(path)
        self._readers: list[contextlib.ExitStack] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, together with every result that is still being read."""
        self._close_readers()
        self._connection.close()

    def prepare(self) -> None:
        """Create the schemas `raw` and `engine` and their tables where they are missing."""
        with self._own_transaction():
            for statement in statements():
                self.execute(statement)

    def read(
        self, query: str, parameters: Mapping[str, Any] | None = None, batch_size: int = 10_000
    ) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows in batches of at most `batch_size`. Parameters are named, `$name` in the query.

        Inside a transaction the result is held in memory, since the next statement would end the stream.
        """
        if self._is_in_transaction:
            with _translated(self.path):
                table = _executed(self._connection, query, parameters).to_arrow_table()
            return iter(table.to_batches(max_chunksize=batch_size))
        return self._stream(query, parameters, batch_size)

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """A small query's rows as dictionaries."""
        with _translated(self.path):
            result = _executed(self._connection, query, parameters)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns nothing."""
        with _translated(self.path):
            _executed(self._connection, statement, parameters)

    def append(self, schema: str, table: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows by column name; returns how many. All of them are appended, or none."""
        with self._own_transaction():
            return sum(self._insert(quoted(schema, table), batch) for batch in batches)

    def append_new(self, schema: str, table: str, key: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
        """Append the rows whose key is neither in the table nor earlier in `batches`; returns how many.

        Nulls in a key count as equal.
        """
        target = quoted(schema, table)
        staged = quoted(STAGED)
        with self._own_transaction():
            self.execute(
                f"create or replace temp table {staged} as select *, 0::bigint as {POSITION} from {target} limit 0"
            )
            position = 0
            for batch in batches:
                numbers = np.arange(position, position + batch.num_rows)
                self._insert(staged, batch.append_column(POSITION, pa.array(numbers, pa.int64())))
                position += batch.num_rows
            appended = self._count(_append_new_statement(target, staged, key))
            self.execute(f"drop table {staged}")
        return appended

    def has_table(self, schema: str, table: str) -> bool:
        query = (
            "select 1 from information_schema.tables "
            "where table_catalog = current_database() and table_schema = $schema and table_name = $table"
        )
        return bool(self.rows(query, {"schema": schema, "table": table}))

    def show_files(self, schema: str, table: str, files: Sequence[Path]) -> None:
        """Let a table of `schema.py` show the rows of Parquet files; with none it is an empty table again."""
        name = quoted(schema, table)
        query = (
            "select table_type from information_schema.tables "
            "where table_catalog = current_database() and table_schema = $schema and table_name = $table"
        )
        kinds = [row["table_type"] for row in self.rows(query, {"schema": schema, "table": table})]
        columns = ", ".join(quoted(column) for column, _ in SCHEMAS[schema][table])
        # A view has no parameters.
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        with self._own_transaction():
            for kind in kinds:
                self.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {name}")
            if files:
                self.execute(f"create view {name} as select {columns} from read_parquet([{paths}])")
            else:
                for statement in statements():
                    self.execute(statement)

    def publish(self) -> None:
        """Replace the copy that readers open by the present state; they see the old one or the new one, whole."""
        self._refuse_open_transaction()
        self._close_readers()
        self.execute("checkpoint")
        new = self.read_copy_path.with_name(self.read_copy_path.name + ".new")
        try:
            _copy_file(self.path, new)
            new.replace(self.read_copy_path)
        finally:
            new.unlink(missing_ok=True)

    def _stream(self, query: str, parameters: Mapping[str, Any] | None, batch_size: int) -> Iterator[pa.RecordBatch]:
        """A cursor is a connection of its own, so that other statements may run between two batches."""
        with _translated(self.path):
            cursor = _in_utc(self._connection.cursor())
            # A cursor starts without the settings of the connection that it comes from.
            cursor.execute(f"use {quoted(self._catalog)}")
            batches = _executed(cursor, query, parameters).to_arrow_reader(batch_size)
        # The batches hold the file too: without closing them it would stay locked after an unfinished read.
        close = contextlib.ExitStack()
        close.callback(cursor.close)
        close.callback(batches.close)
        self._readers.append(close)
        return self._batches(batches, batch_size, close)

    def _batches(
        self, batches: Iterable[pa.RecordBatch], batch_size: int, close: contextlib.ExitStack
    ) -> Iterator[pa.RecordBatch]:
        try:
            with _translated(self.path):
                for batch in batches:
                    for start in range(0, batch.num_rows, batch_size):
                        yield batch.slice(start, batch_size)
        finally:
            close.close()
            if close in self._readers:
                self._readers.remove(close)

    def _close_readers(self) -> None:
        for reader in self._readers:
            reader.close()
        self._readers.clear()

    def _insert(self, target: str, batch: pa.RecordBatch) -> int:
        with _translated(self.path):
            self._connection.register(INCOMING, pa.Table.from_batches([batch]))
        try:
            return self._count(f"insert into {target} by name select * from {INCOMING}")
        finally:
            self._connection.unregister(INCOMING)

    def _count(self, statement: str) -> int:
        with _translated(self.path):
            row = self._connection.execute(statement).fetchone()
        return int(row[0]) if row else 0


def _append_new_statement(target: str, staged: str, key: Sequence[str]) -> str:
    """Grouping finds the first rows at half the cost of a window over whole rows."""
    columns = ", ".join(quoted(column) for column in key)
    same = " and ".join(f"kept.{quoted(column)} is not distinct from new.{quoted(column)}" for column in key)
    return f"""
        insert into {target} by name
        select * exclude ({POSITION}) from {staged} as new
        where {POSITION} in (select min({POSITION}) from {staged} group by {columns})
        and not exists (select 1 from {target} as kept where {same})
    """


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    with _translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return _in_utc(duckdb.connect(str(path)))


def _connect_copy(path: Path, name: str) -> duckdb.DuckDBPyConnection:
    """Views name their catalog, so the copy is attached under the name of the original."""
    if not path.exists():
        raise WarehouseError(f"{path} does not exist: nothing has been published yet.", "Run `activation build`.")
    with _translated(path):
        connection = duckdb.connect(":memory:")
        location = str(path).replace("'", "''")
        connection.execute(f"attach '{location}' as {quoted(name)} (read_only)")
        connection.execute(f"use {quoted(name)}")
        return _in_utc(connection)


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("set TimeZone = 'UTC'")
    # DuckDB would draw it on the standard output, into what programs read there.
    connection.execute("set enable_progress_bar = false")
    return connection


def _executed(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None
) -> duckdb.DuckDBPyConnection:
    return connection.execute(statement, dict(parameters)) if parameters else connection.execute(statement)


def _copy_file(source: Path, target: Path) -> None:
    """In a process of its own: POSIX drops a process's locks on a file when it closes any descriptor of that file,
    so copying it here would unlock the warehouse (https://man7.org/linux/man-pages/man2/fcntl_locking.2.html)."""
    command = [sys.executable, "-I", "-S", "-c", COPY_PROGRAM, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        raise WarehouseError(
            f"{source} could not be copied to {target}: {reason}.",
            "Free disk space or correct the folder's permissions, then repeat.",
        )


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours, by what one can do about them."""
    try:
        yield
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        raise _translation(path, " ".join(str(error).split())) from error


def _translation(path: Path, text: str) -> ActivationError:
    if "Could not set lock" in text or "Conflicting lock" in text:
        return BusyError(f"{path} is held by another process.", "Wait until it has finished, then repeat.")
    if "No space left" in text or "max_temp_directory_size" in text or "disk is full" in text.lower():
        return WarehouseError(f"The disk that holds {path} is full: {text}.", "Free disk space and repeat.")
    if "not a valid DuckDB database file" in text or "corrupt" in text.lower() or "version number" in text:
        return WarehouseError(
            f"{path} is not a warehouse that this version of DuckDB can read: {text}.",
            "Restore it from a backup, or move it away and load again.",
        )
    return WarehouseError(f"{path}: {text}", "")
