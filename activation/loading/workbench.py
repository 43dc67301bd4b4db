"""The DuckDB in memory in which a load's batches are mapped and checked, whatever the warehouse is.

It spills to a temporary folder, so a load of any size needs little memory.
"""

# ruff: noqa: S608 - the queries are compiled from a checked mapping; names and literals are quoted

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from activation.errors import LoadError
from activation.loading.files import SourceFile
from activation.loading.group import add_lines, grouped_events, prepare_lines
from activation.loading.json_text import sorted_json
from activation.loading.mapping import Mapping
from activation.loading.plan import make_plan
from activation.loading.source import literal
from activation.loading.zones import utc_of_local

MEMORY_LIMIT = "1GB"
SLICE_ROWS = 16_384

# Written as they are in a source that has lost the difference between a value and its absence.
PLACEHOLDERS = ("nan", "null", "none", "undefined", "n/a", "nil", "<na>", "[object object]")

MACROS = f"""
create macro is_placeholder(value) as lower(value) in ({", ".join(literal(word) for word in PLACEHOLDERS)});
create macro text_as_number(value) as case
    when regexp_full_match(value, '\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?\\s*')
    and isfinite(try_cast(value as double)) then try_cast(value as double) end;
create macro text_as_integer(value) as case
    when regexp_full_match(value, '\\s*[+-]?\\d+(\\.0*)?\\s*') then try_cast(value as bigint) end;
create macro utc_time(value) as case
    when regexp_full_match(value, '\\d{{4}}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?)?')
        then utc_of_local(try_cast(replace(value, ',', '.') as timestamp))
    when regexp_matches(value, '^\\d{{4}}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d')
        then timezone('UTC', try_cast(value as timestamptz)) end;
create macro is_rising(keys) as keys = list_sort(keys) and list_unique(keys) = len(keys);
-- A flat object that is already in its normal form, as most are, need not be taken apart.
create macro is_normal_json(value) as case
    when starts_with(value, '{{"') and not regexp_matches(value, '[\\\\\\[]|.\\{{|\\d[eE]|[nN]a[nN]|[iI]nf')
        and json_valid(value)
        then json(value) = value and is_rising(json_keys(value))
    else false end;
create macro normal_json(value) as case
    when value = '{{}}' or is_normal_json(value) then value else sorted_json(value) end;
"""


def refuse_without_rows(file: SourceFile, rows: int) -> None:
    """A file that has a beginning and no rows was not meant to be loaded."""
    if not rows:
        raise LoadError(f"{file.path} has no rows.", "Leave it out, or export it again.")


class Workbench:
    """One load's rows on their way: `valid()` streams the fit ones, the counts and the quarantine fill as it goes."""

    def __init__(self, mapping: Mapping, now: datetime) -> None:
        self.mapping = mapping
        self.now = now
        self.rows_read = 0
        self.rows_valid = 0
        self.skipped: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self._folder = tempfile.TemporaryDirectory(prefix="activation_load_")
        self.connection = duckdb.connect(
            ":memory:", config={"temp_directory": self._folder.name, "memory_limit": MEMORY_LIMIT}
        )
        self.connection.execute("set TimeZone = 'UTC'")
        # DuckDB would draw it on the standard output, into what programs read there.
        self.connection.execute("set enable_progress_bar = false")
        self.connection.create_function(
            "sorted_json",
            sorted_json,
            ["varchar"],
            "varchar",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )
        self._add_time_zone(mapping.timezone)
        self.connection.execute(MACROS)
        self.connection.execute(
            "create table quarantine (source_file varchar, source_line bigint, reason varchar, row_text varchar)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self._folder.cleanup()
        if isinstance(error, duckdb.Error):
            raise LoadError(
                f"The rows cannot be mapped: {' '.join(str(error).split())}",
                "Check the mapping's patterns (RE2, without look-around) and that the temporary folder has room.",
            ) from error

    def valid(self, files: Sequence[SourceFile]) -> Iterator[pa.RecordBatch]:
        """The fit rows of all files, with the columns of the table that the source fills."""
        if self.mapping.group is None:
            columns = ", ".join(self.mapping.table_columns)
            for _ in self._mapped(files):
                fit = self.connection.execute(f"select {columns} from fit").to_arrow_table()
                self.rows_valid += fit.num_rows
                yield from fit.to_batches()
            return
        prepare_lines(self.connection, self.mapping.group)
        for place in self._mapped(files):
            self.rows_valid += add_lines(self.connection, place)
        yield from grouped_events(self.connection, self.mapping)

    def quarantine(self) -> Iterator[pa.RecordBatch]:
        """The rows that were not fit."""
        yield from self.connection.execute("from quarantine").to_arrow_reader(10_000)

    def _add_time_zone(self, zone: str) -> None:
        if zone == "UTC":
            self.connection.execute("create macro utc_of_local(value) as value")
            return
        self.connection.create_function(
            "utc_of_local",
            utc_of_local(zone),
            ["timestamp"],
            "timestamp",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )

    def _mapped(self, files: Sequence[SourceFile]) -> Iterator[int]:
        """Fill the table `mapped` batch by batch; yields the place of the batch's file among the files."""
        for place, file in enumerate(files):
            columns, batches = file.read()
            query = make_plan(self.mapping, columns, self.now, file.path).query()
            rows_before = self.rows_read
            for batch in batches:
                self._map(batch, query, file)
                yield place
            refuse_without_rows(file, self.rows_read - rows_before)

    def _map(self, batch: pa.RecordBatch, query: str, file: SourceFile) -> None:
        # In slices, which DuckDB maps in parallel; `fit` puts them back in order, since the first of equal ids stays.
        slices = [batch.slice(start, SLICE_ROWS) for start in range(0, batch.num_rows, SLICE_ROWS)]
        self.connection.register("incoming", pa.Table.from_batches(slices))
        self.connection.execute(f"create or replace table mapped as {query}")
        self.rows_read += self._count_mapped() if self.mapping.each else batch.num_rows
        counted = "select reason, skipped, count(*) from mapped where not is_fit group by all"
        unfit = 0
        for reason, skipped, count in self.connection.execute(counted).fetchall():
            if skipped is not None:
                self.skipped[skipped] += count
            else:
                self.quarantined[reason] += count
                unfit += count
        if unfit:
            self._quarantine(batch, file)
        fit = "select * exclude (skipped, reason, is_fit) from mapped where is_fit order by line"
        self.connection.execute(f"create or replace view fit as {fit}")
        self.connection.unregister("incoming")

    def _count_mapped(self) -> int:
        """How many rows a batch gave whose lists were taken apart."""
        row = self.connection.execute("select count(*) from mapped").fetchone()
        return int(row[0]) if row else 0

    def _quarantine(self, batch: pa.RecordBatch, file: SourceFile) -> None:
        positions = [name for name in batch.schema.names if name not in ("line", "raw", "fault")]
        fields = ", ".join(f"{literal(name)}, incoming.{name}" for name in positions)
        text = f"coalesce(incoming.raw, json_object({fields})::varchar)" if fields else "incoming.raw"
        self.connection.execute(
            f"insert into quarantine select {literal(str(file.path))}, line, mapped.reason, {text} "
            "from mapped join incoming using (line) "
            "where not is_fit and skipped is null order by line"
        )
