"""What a warehouse is to the engine: Arrow batches in and out, and no business rule."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa


class Warehouse(Protocol):
    """An open connection. Times are UTC without a zone; JSON is text with sorted keys.

    Used as a context manager, so that a file warehouse is held only briefly. Raises WarehouseError when it cannot be
    opened and BusyError when another process holds it.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def prepare(self) -> None:
        """Create the schemas `raw` and `engine` and their tables (`schema.py`) where they are missing."""

    def read(
        self, query: str, parameters: Mapping[str, Any] | None = None, batch_size: int = 10_000
    ) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows in batches of at most `batch_size`. Parameters are named, `$name` in the query."""

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """A small query's rows as dictionaries."""

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns nothing."""

    def append(self, schema: str, table: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows by column name; returns how many."""

    def append_new(self, schema: str, table: str, key: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
        """Append the rows whose key is neither in the table nor earlier in `batches`; returns how many."""

    def has_table(self, schema: str, table: str) -> bool: ...

    def show_files(self, schema: str, table: str, files: Sequence[Path]) -> None:
        """Let a table of `schema.py` show the rows of Parquet files; with none it is an empty table again.

        Raises WarehouseError where a warehouse cannot read files, or when one is missing.
        """

    def transaction(self) -> "Transaction":
        """A context manager: everything inside is committed together or not at all."""

    def publish(self) -> None:
        """Make the present state what readers open (an atomic rename of a copy, where the warehouse is a file)."""


class Transaction(Protocol):
    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...
