"""From a path to batches of source rows, each with its line number, in bounded memory."""

import csv
import glob
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from activation.errors import LoadError
from activation.loading.json_text import parsed_json
from activation.loading.lines import KEPT, LONGEST_LINE, TOO_LONG, BytesLine, byte_lines, text_lines
from activation.loading.source import SourceColumns

BATCH_ROWS = 131_072
TEXT_BATCH_ROWS = 50_000
CHUNK_BYTES = 8 << 20
COARSE_UNITS = {"s": 1_000_000, "ms": 1_000}
PARQUET_BYTES = 256 << 20  # of a batch, as the file's own statistics estimate it
FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
BINARY_BEGINNINGS = (b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# What every batch begins with: the number of the line, its text where the source is text, and what is wrong with it.
LEAD_FIELDS = [("line", pa.int64()), ("raw", pa.string()), ("fault", pa.string())]

Row = tuple[int, str, str | None, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to load, and how to read it."""

    path: Path
    format: str
    compression: str | None
    found_as: tuple[int, int, int] = (0, 0, 0)

    def read(self) -> tuple[SourceColumns, Iterator[pa.RecordBatch]]:
        """The file's columns and its rows. Raises LoadError when the file is not what its extension says."""
        with _readable(self.path):
            columns, batches = READERS[self.format](self)
        return columns, self._checked(batches)

    def _checked(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with _readable(self.path):
            yield from batches
        if self.found_as != _state_of(self.path):
            raise LoadError(
                f"{self.path} was changed while it was read.",
                "Nothing of it was loaded; repeat when it is whole. Write a file under another name, then rename it.",
            )


def find_files(paths: Sequence[str | Path]) -> list[SourceFile]:
    """Every file that the paths and globs name, once each, in the order given and by name within a glob.

    Raises LoadError for a path that names nothing, a folder, an extension that is not known and an empty file.
    """
    found: dict[Path, SourceFile] = {}
    for given in paths:
        for path in _matching(str(given)):
            found.setdefault(path.resolve(), _source_file(path))
    if not found:
        raise LoadError("No file was given.", "Name at least one file.")
    return list(found.values())


def format_of(path: Path) -> tuple[str, str | None] | None:
    """Format and compression by the file's extension; None for one that is not known."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    inner = suffixes[-2:-1] if compression else suffixes[-1:]
    format_name = FORMATS.get(inner[0]) if inner else None
    if format_name is None or (compression and format_name == "parquet"):
        return None
    return format_name, compression


def _matching(given: str) -> list[Path]:
    if Path(given).exists():
        return [Path(given)]
    named = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - Path.glob refuses an absolute pattern
    matches = [path for path in map(Path, named) if path.is_file()]
    if not matches:
        raise LoadError(f"No file matches {given}.", "Check the path; quote a pattern so that it reaches the loader.")
    return matches


def _source_file(path: Path) -> SourceFile:
    if path.is_dir():
        raise LoadError(f"{path} is a folder.", f"Name its files, for example '{path}/*.jsonl'.")
    known = format_of(path)
    if known is None:
        listed = ", ".join(FORMATS)
        raise LoadError(
            f"{path} has an extension that is not known.",
            f"Use one of {listed}; all but .parquet may be compressed ({', '.join(COMPRESSIONS)}).",
        )
    if path.stat().st_size == 0:
        raise LoadError(f"{path} is empty.", "Leave it out, or export it again.")
    return SourceFile(path, *known, found_as=_state_of(path))


def _state_of(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to or replaced."""
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise LoadError(
            f"{path} is damaged or not what its extension says: {reason}.",
            "Export it again, or correct its extension.",
        ) from error


def _not_text(path: Path) -> NoReturn:
    raise LoadError(
        f"{path} is damaged or not what its extension says: it is not UTF-8 text.",
        "Export it again as UTF-8, or correct its extension.",
    )


def _open_text(file: SourceFile) -> io.BufferedReader:
    stream = io.BufferedReader(pa.input_stream(str(file.path), compression=file.compression))
    beginning = stream.peek(1024)[:1024]
    if beginning.startswith(BINARY_BEGINNINGS) or b"\0" in beginning:
        _not_text(file.path)
    if beginning.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
    return stream


def _read_parquet(file: SourceFile) -> tuple[SourceColumns, Iterator[pa.RecordBatch]]:
    parquet = pq.ParquetFile(file.path)
    schema = parquet.schema_arrow
    return SourceColumns.of_arrow(schema), _parquet_batches(parquet, SourceColumns.positions(len(schema)))


def _parquet_batches(parquet: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in parquet.iter_batches(batch_size=_parquet_batch_rows(parquet.metadata)):
        rows = batch.num_rows
        columns = [_in_microseconds(column) for column in batch.columns]
        faults, columns = _without_long_values(columns) if batch.nbytes > LONGEST_LINE else (None, columns)
        lead = [
            pa.array(np.arange(first, first + rows), pa.int64()),
            pa.nulls(rows, pa.string()),
            pa.nulls(rows, pa.string()) if faults is None else faults,
        ]
        yield pa.RecordBatch.from_arrays([*lead, *columns], names=[*(name for name, _ in LEAD_FIELDS), *names])
        first += rows


def _parquet_batch_rows(metadata: Any) -> int:
    """As many rows as are worth reading at once, fewer where they are large."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows), default=1)
    return max(1, min(BATCH_ROWS, int(PARQUET_BYTES / max(largest, 1))))


def _in_microseconds(column: Any) -> Any:
    """A column of coarser timestamps as microseconds; what they cannot hold becomes a time that no event has."""
    factor = COARSE_UNITS.get(column.type.unit) if pa.types.is_timestamp(column.type) else None
    if factor is None:
        return column
    latest = int(np.iinfo(np.int64).max // 2 // factor)
    values = pc.max_element_wise(
        pc.min_element_wise(column.cast(pa.int64()), latest, skip_nulls=False), -latest, skip_nulls=False
    )
    return pc.multiply(values, factor).cast(pa.timestamp("us", column.type.tz))


def _without_long_values(columns: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The fault of every row that has a value which is too long, and the columns with such values cut short."""
    is_too_long = np.zeros(len(columns[0]), dtype=np.bool_)
    cut = list(columns)
    for place, column in enumerate(columns):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        long = pc.fill_null(pc.greater(pc.binary_length(column), LONGEST_LINE), False).to_numpy(zero_copy_only=False)
        if long.any():
            short = pc.utf8_slice_codeunits(column.filter(pa.array(long)), 0, KEPT)
            cut[place] = pc.replace_with_mask(column, pa.array(long), short)
            is_too_long |= long
    return pc.if_else(pa.array(is_too_long), pa.scalar(TOO_LONG), pa.scalar(None, pa.string())), cut


def _read_json_lines(file: SourceFile) -> tuple[SourceColumns, Iterator[pa.RecordBatch]]:
    stream = _open_text(file)
    if stream.peek(1)[:1] == b"[":
        stream.close()
        raise LoadError(f"{file.path} holds a JSON array.", "Write one object per line instead.")
    return SourceColumns.of_json(), _json_batches(stream)


def _json_batches(stream: io.BufferedReader) -> Iterator[pa.RecordBatch]:
    with stream:
        numbered = enumerate(byte_lines(stream), 1)
        while lines := _chunk(numbered):
            rows = [_json_row(number, line) for number, line in lines if not line.content.isspace()]
            if rows:
                yield pa.RecordBatch.from_arrays(
                    [
                        pa.array(part, kind)
                        for part, (_, kind) in zip(zip(*rows, strict=True), LEAD_FIELDS, strict=True)
                    ],
                    names=[name for name, _ in LEAD_FIELDS],
                )


def _chunk(numbered: Iterator[tuple[int, BytesLine]]) -> list[tuple[int, BytesLine]]:
    """The next lines, up to some number of bytes."""
    taken: list[tuple[int, BytesLine]] = []
    size = 0
    for number, line in numbered:
        taken.append((number, line))
        size += len(line.content)
        if size >= CHUNK_BYTES:
            break
    return taken


def _json_row(number: int, line: BytesLine) -> tuple[int, str, str | None]:
    if line.is_too_long:
        return number, line.content.decode(errors="replace"), TOO_LONG
    try:
        text = line.content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return number, line.content.decode(errors="replace").rstrip("\r\n"), "bad_encoding"
    try:
        found = parsed_json(text)
    except (ValueError, RecursionError):
        return number, text, "broken_json"
    return number, text, None if isinstance(found, dict) else "not_an_object"


def _read_delimited(file: SourceFile, delimiter: str) -> tuple[SourceColumns, Iterator[pa.RecordBatch]]:
    rows = _delimited_rows(_open_text(file), delimiter)
    header = next(rows, None)
    names = [str(name).strip() for name in header[3]] if header else []
    repeated = {name for name in names if names.count(name) > 1}
    if not any(names) or repeated:
        fault = f"names the column {min(repeated)!r} twice" if repeated else "is empty"
        raise LoadError(f"{file.path}: the first line {fault}.", "Its first line must name every column once.")
    return SourceColumns.of_text(names), _delimited_batches(rows, len(names))


def _delimited_rows(stream: io.BufferedReader, delimiter: str) -> Iterator[Row]:
    """The records with the number of the line each begins on, and the text they were read from."""
    taken: list[str] = []
    faults: list[str] = []

    def lines() -> Iterator[str]:
        with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="") as text:
            for line, is_too_long in text_lines(text):
                taken.append(line)
                if is_too_long:
                    faults.append(TOO_LONG)
                # What is left of a long line must not open a quote, which would swallow the lines after it.
                yield "\n" if is_too_long else line

    reader = csv.reader(lines(), delimiter=delimiter)
    while True:
        first = reader.line_num + 1
        taken.clear()
        faults.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells, faults[:] = [], ["broken_line", *faults]
        raw = "".join(taken).rstrip("\r\n")
        if "\0" in raw or (not raw.isascii() and _has_bad_bytes(raw)):
            raw = raw.encode(errors="surrogateescape").decode(errors="replace").replace("\0", "\ufffd")
            faults.append("bad_encoding")
        if raw:
            yield first, raw, faults[-1] if faults else None, cells


def _has_bad_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _delimited_batches(rows: Iterable[Row], width: int) -> Iterator[pa.RecordBatch]:
    names = [*(name for name, _ in LEAD_FIELDS), *SourceColumns.positions(width)]
    kinds = [*(kind for _, kind in LEAD_FIELDS), *[pa.string()] * width]
    nothing = [None] * width
    batch: list[tuple[Any, ...]] = []
    for line, raw, fault, cells in rows:
        reason = fault or ("wrong_width" if len(cells) != width else None)
        batch.append((line, raw, reason, *(nothing if reason else cells)))
        if len(batch) == TEXT_BATCH_ROWS:
            yield _columnar(batch, names, kinds)
            batch = []
    if batch:
        yield _columnar(batch, names, kinds)


def _columnar(rows: list[tuple[Any, ...]], names: list[str], kinds: list[pa.DataType]) -> pa.RecordBatch:
    arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=names)


READERS: dict[str, Callable[[SourceFile], tuple[SourceColumns, Iterator[pa.RecordBatch]]]] = {
    "parquet": _read_parquet,
    "csv": lambda file: _read_delimited(file, ","),
    "tsv": lambda file: _read_delimited(file, "\t"),
    "jsonl": _read_json_lines,
}
