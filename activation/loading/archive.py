"""Old events in Parquet files: out of the table that grows, and still part of everything that is built.

The warehouse shows the archived rows as `raw.archived_events`, which staging reads beside `raw.events`. A row is
therefore always in exactly one of the two, and no model can tell in which.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from activation.errors import InputError, WarehouseError
from activation.warehouses import Warehouse
from activation.warehouses.schema import EVENTS, RAW, quoted

HOT = quoted(RAW, "events")
COLD = quoted(RAW, "archived_events")
ARCHIVES = quoted(RAW, "archives")
COLUMNS = ", ".join(quoted(name) for name, _ in EVENTS)
BATCH_SIZE = 100_000
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What a call moved: how many events, and the files that it wrote or emptied."""

    events: int
    files: tuple[str, ...]


def archive_events(warehouse: Warehouse, folder: Path, before: datetime, now: datetime) -> ArchiveReport:
    """Move the events that were known before an instant (UTC) into one file per month below `folder`.

    A file is written whole and read again before its rows leave the table, all in one transaction. Raises
    WarehouseError where the warehouse cannot read files, or when a file does not hold what it should; then nothing
    has been moved.
    """
    known = _known_files(warehouse)
    # Asked first: where files cannot be read nothing is written, and files that have moved are found again.
    warehouse.show_files(RAW, "archived_events", _paths(folder, known))
    months = _months(warehouse, before)
    written = [_write(warehouse, folder, start, end, known) for start, end in months]
    with warehouse.transaction():
        for found in written:
            _record(warehouse, found, now)
        warehouse.show_files(RAW, "archived_events", _paths(folder, [*known, *(found.name for found in written)]))
        for found in written:
            _check(warehouse, found)
            warehouse.execute(f"delete from {HOT} where {_within(found.start, found.end)}")  # noqa: S608 - our own table
    return ArchiveReport(sum(found.rows for found in written), tuple(found.name for found in written))


def restore_events(warehouse: Warehouse, folder: Path) -> ArchiveReport:
    """Move every archived event back into the table, and remove the files.

    Raises WarehouseError when a file is missing or is not as it was written; then nothing has been moved.
    """
    archives = warehouse.rows(f"select * from {ARCHIVES} order by file")  # noqa: S608 - our own table
    for archive in archives:
        _require_intact(folder / archive["file"], archive["checksum"])
    files = [str(archive["file"]) for archive in archives]
    expected = sum(int(archive["row_count"]) for archive in archives)
    with warehouse.transaction():
        warehouse.show_files(RAW, "archived_events", _paths(folder, files))
        found = _count(warehouse, COLD)
        if found != expected:
            raise WarehouseError(f"The archive holds {found} events instead of {expected}.", "Nothing was moved.")
        warehouse.execute(f"insert into {HOT} ({COLUMNS}) select {COLUMNS} from {COLD}")  # noqa: S608 - our own tables
        warehouse.execute(f"delete from {ARCHIVES}")  # noqa: S608 - our own table
        warehouse.show_files(RAW, "archived_events", [])
    for file in files:
        (folder / file).unlink()
    return ArchiveReport(expected, tuple(files))


@dataclass(frozen=True, slots=True)
class _Written:
    """A file with the events known from `start` to before `end`."""

    name: str
    start: datetime
    end: datetime
    rows: int
    checksum: str


def _months(warehouse: Warehouse, before: datetime) -> list[tuple[datetime, datetime]]:
    """The months, the last one cut at `before`, of which the table holds events."""
    oldest = warehouse.rows(f"select min(known_at) as known_at from {HOT}")[0]["known_at"]  # noqa: S608 - our own table
    if oldest is None or oldest >= before:
        raise InputError(f"No event was known before {before}.", "Choose a later instant; nothing was moved.")
    spans = _calendar(oldest, before)
    return [(start, end) for start, end in spans if _count(warehouse, f"{HOT} where {_within(start, end)}")]


def _calendar(first: datetime, before: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while start < before:
        following = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        yield start, min(following, before)
        start = following


def _write(warehouse: Warehouse, folder: Path, start: datetime, end: datetime, known: Sequence[str]) -> _Written:
    """Write a month's events under a name that no archive has; a file that a crash left behind is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (name := f"{start:%Y-%m}.{number}.parquet") in known:
        number += 1
    unfinished = folder / f".{name}"
    query = f"select {COLUMNS} from {HOT} where {_within(start, end)}"  # noqa: S608 - our own table
    rows = 0
    with pq.ParquetWriter(unfinished, _arrow_schema(), compression="zstd") as writer:
        for batch in warehouse.read(query, batch_size=BATCH_SIZE):
            writer.write_batch(batch.cast(_arrow_schema()))
            rows += batch.num_rows
    checksum = _checksum(unfinished)
    unfinished.replace(folder / name)
    return _Written(name, start, end, rows, checksum)


def _check(warehouse: Warehouse, written: _Written) -> None:
    """Every row of the table must be in the files, and no more of them than were written."""
    where = _within(written.start, written.end)
    hot = f"select {COLUMNS} from {HOT} where {where}"  # noqa: S608 - our own table
    cold = f"select {COLUMNS} from {COLD} where {where}"  # noqa: S608 - our own table
    missing = _count(warehouse, f"({hot} except all {cold}) as missing")
    if missing or _count(warehouse, f"{HOT} where {where}") != written.rows:
        raise WarehouseError(
            f"{written.name} does not hold what the table does: {missing} events are missing.",
            "Nothing was moved; look at the disk and repeat.",
        )


def _record(warehouse: Warehouse, written: _Written, now: datetime) -> None:
    row = {
        "file": written.name,
        "row_count": written.rows,
        "checksum": written.checksum,
        "known_from": written.start,
        "known_to": written.end,
        "archived_at": now,
    }
    warehouse.append(RAW, "archives", [pa.RecordBatch.from_pylist([row])])


def _known_files(warehouse: Warehouse) -> list[str]:
    return [str(row["file"]) for row in warehouse.rows(f"select file from {ARCHIVES} order by file")]  # noqa: S608 - ours


def _paths(folder: Path, files: Sequence[str]) -> list[Path]:
    return [folder / file for file in sorted(files)]


def _require_intact(path: Path, checksum: str) -> None:
    if not path.exists():
        raise WarehouseError(f"{path} is missing.", "Bring it back from a backup; nothing was moved.")
    if _checksum(path) != checksum:
        raise WarehouseError(f"{path} is not as it was written.", "Bring it back from a backup; nothing was moved.")


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _within(start: datetime, end: datetime) -> str:
    return f"known_at >= timestamp '{start}' and known_at < timestamp '{end}'"


def _count(warehouse: Warehouse, source: str) -> int:
    return int(warehouse.rows(f"select count(*) as row_count from {source}")[0]["row_count"])  # noqa: S608 - our own


def _arrow_schema() -> pa.Schema:
    kinds = {"text": pa.string(), "bigint": pa.int64(), "timestamp": pa.timestamp("us")}
    return pa.schema([(name, kinds[kind]) for name, kind in EVENTS])
