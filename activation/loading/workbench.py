"""The DuckDB in memory in which a load's batches are mapped and checked, whatever the warehouse is.

It spills to a temporary folder, so a load of any size needs little memory.
"""

# ruff: noqa: S608 - the queries are compiled from a checked mapping; names and literals are quoted

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import NoReturn, Self

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from activation.errors import LoadError
from activation.loading.files import SourceFile
from activation.loading.group import add_lines, grouped_events, prepare_lines
from activation.loading.mapping import Mapping
from activation.loading.plan import make_plan
from activation.loading.source import literal

# Written as they are in a source that has lost the difference between a value and its absence.
PLACEHOLDERS = ("nan", "null", "none", "undefined", "n/a", "nil", "<na>", "[object object]")

MACROS = f"""
create macro is_placeholder(value) as lower(value) in ({", ".join(literal(word) for word in PLACEHOLDERS)});
create macro text_as_number(value) as case
    when regexp_full_match(value, '\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?\\s*')
    and isfinite(try_cast(value as double)) then try_cast(value as double) end;
create macro text_as_integer(value) as case
    when regexp_full_match(value, '\\s*[+-]?\\d+(\\.0*)?\\s*') then try_cast(value as bigint) end;
-- Where a local time comes twice the earlier instant counts; DuckDB takes the later. One that does not exist is read
-- with the offset before the change, which moves it forward by the length of the gap.
create macro local_as_utc(value, zone) as timezone('UTC', timezone(zone, value));
create macro utc_as_local(value, zone) as timezone(zone, timezone('UTC', value));
create macro utc_of_local(value, zone) as case
    when zone = 'UTC' then value
    when utc_as_local(local_as_utc(value, zone) - interval 2 hour, zone) = value
        then local_as_utc(value, zone) - interval 2 hour
    when utc_as_local(local_as_utc(value, zone) - interval 1 hour, zone) = value
        then local_as_utc(value, zone) - interval 1 hour
    when utc_as_local(local_as_utc(value, zone) - interval 30 minute, zone) = value
        then local_as_utc(value, zone) - interval 30 minute
    else local_as_utc(value, zone) end;
create macro utc_time(value, zone) as case
    when regexp_full_match(value, '\\d{{4}}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?)?')
        then utc_of_local(try_cast(replace(value, ',', '.') as timestamp), zone)
    when regexp_matches(value, '^\\d{{4}}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d')
        then timezone('UTC', try_cast(value as timestamptz)) end;
-- A flat object that is already in its normal form, as most are, need not be taken apart.
create macro is_normal_json(value) as case
    when starts_with(value, '{{"') and not regexp_matches(value, '[\\\\\\[]|.\\{{|\\d[eE]|[nN]a[nN]|[iI]nf')
        and json_valid(value)
        then json(value) = value and json_keys(value) = list_sort(list_distinct(json_keys(value)))
    else false end;
create macro normal_json(value) as case
    when value = '{{}}' or is_normal_json(value) then value else sorted_json(value) end;
"""


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
        self.connection = duckdb.connect(":memory:", config={"temp_directory": self._folder.name})
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.create_function(
            "sorted_json",
            _sorted_json,
            ["varchar"],
            "varchar",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )
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

    def valid(self, files: Sequence[SourceFile]) -> Iterator[pa.RecordBatch]:
        """The fit rows of all files, with the columns of the table that the source fills."""
        columns = ", ".join(self.mapping.table_columns)
        if self.mapping.group is None:
            for _ in self._mapped(files):
                fit = self.connection.execute(f"select {columns} from fit").to_arrow_table()
                self.rows_valid += fit.num_rows
                yield from fit.to_batches()
            return
        prepare_lines(self.connection, self.mapping.group)
        for place in self._mapped(files):
            self.rows_valid += add_lines(self.connection, place)
        yield from grouped_events(self.connection, self.mapping.group, columns)

    def quarantine(self) -> Iterator[pa.RecordBatch]:
        """The rows that were not fit."""
        yield from self.connection.execute("from quarantine").to_arrow_reader(10_000)

    def _mapped(self, files: Sequence[SourceFile]) -> Iterator[int]:
        """Fill the table `mapped` batch by batch; yields the place of the batch's file among the files."""
        for place, file in enumerate(files):
            columns, batches = file.read()
            query = make_plan(self.mapping, columns, self.now, file.path).query()
            rows_before = self.rows_read
            for batch in batches:
                self._map(batch, query, file)
                yield place
            if self.rows_read == rows_before:
                raise LoadError(f"{file.path} has no rows.", "Leave it out, or export it again.")

    def _map(self, batch: pa.RecordBatch, query: str, file: SourceFile) -> None:
        self.connection.register("incoming", pa.Table.from_batches([batch]))
        self.connection.execute(f"create or replace table mapped as {query}")
        self.rows_read += batch.num_rows
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
        self.connection.execute(
            "create or replace view fit as select * exclude (skipped, reason, is_fit) from mapped where is_fit"
        )
        self.connection.unregister("incoming")

    def _quarantine(self, batch: pa.RecordBatch, file: SourceFile) -> None:
        positions = [name for name in batch.schema.names if name not in ("line", "raw", "fault")]
        fields = ", ".join(f"{literal(name)}, incoming.{name}" for name in positions)
        text = f"coalesce(incoming.raw, json_object({fields})::varchar)" if fields else "incoming.raw"
        self.connection.execute(
            f"insert into quarantine select {literal(str(file.path))}, line, mapped.reason, {text} "
            "from mapped join incoming using (line) "
            "where not is_fit and skipped is null order by line"
        )


def _sorted_json(texts: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if text is None else normal_json(text) for text in texts.to_pylist()], pa.string())


def normal_json(text: str) -> str | None:
    """A JSON object as text with sorted keys and nothing between them; None for anything else."""
    try:
        found = json.loads(text, parse_constant=_refused_constant)
        if not isinstance(found, dict):
            return None
        normal = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        normal.encode()
    except (ValueError, RecursionError):
        return None
    return normal


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
