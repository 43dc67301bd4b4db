"""Load files into a raw table: one call is one load, one transaction and one row of `raw.loads`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from activation.errors import LoadError
from activation.loading.files import SourceFile, find_files
from activation.loading.group import count_lines
from activation.loading.mapping import EVENT_TABLE, TABLES, Mapping
from activation.loading.workbench import Workbench
from activation.warehouses import Warehouse
from activation.warehouses.schema import RAW

KEYS = {EVENT_TABLE: ("event_id",)}
CHANGE_KEY = ("id", "changed_at", "attributes", "is_deleted")
TIMESTAMP = pa.timestamp("us")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every row of one load. `reasons` counts the quarantined by reason and the skipped by rule."""

    load_id: int
    table: str
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_skipped: int
    reasons: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def load(
    paths: Sequence[str | Path],
    *,
    warehouse: Warehouse,
    now: datetime,
    table: str = EVENT_TABLE,
    mapping: Mapping | None = None,
    history: bool = False,
    live_run_exists: bool = False,
) -> LoadReport:
    """Load files (globs allowed) into a raw table; rows that are already there are counted and left out.

    `now` is UTC and becomes `loaded_at`. With `history` a row counts as known since it happened; that is refused once
    a live run exists. Raises LoadError or MappingError, and then nothing has been loaded.
    """
    if history and live_run_exists:
        raise LoadError(
            "History cannot be imported: a live run exists, so what it knew would change behind it.",
            "Load without --history, or import into a new deployment.",
        )
    chosen = chosen_mapping(table, mapping)
    files = find_files(paths)
    with warehouse.transaction(), Workbench(chosen, now) as bench:
        stamp = _Stamp(_next_load_id(warehouse), now, history, chosen.table == EVENT_TABLE)
        key = KEYS.get(chosen.table, CHANGE_KEY)
        appended = warehouse.append_new(RAW, chosen.table, key, stamp.rows(bench.valid(files)))
        warehouse.append(RAW, "quarantine", stamp.quarantine(bench.quarantine(), chosen.table))
        report = _report(bench, stamp.load_id, files, _loaded_lines(warehouse, bench, stamp.load_id, appended))
        _refuse_if_nothing_fits(report)
        warehouse.append(RAW, "loads", [_load_row(report, stamp)])
    return report


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What a load adds to each of its rows."""

    load_id: int
    loaded_at: datetime
    is_history: bool
    is_events: bool

    def rows(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield self._with_known_at(self._stamped(batch))

    def quarantine(self, batches: Iterable[pa.RecordBatch], table: str) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            names = pa.repeat(pa.scalar(table), batch.num_rows)
            yield self._stamped(batch).append_column("table_name", names)

    def _stamped(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        load_ids = pa.repeat(pa.scalar(self.load_id, pa.int64()), batch.num_rows)
        return batch.append_column("load_id", load_ids).append_column("loaded_at", self._loaded_at(batch.num_rows))

    def _loaded_at(self, rows: int) -> pa.Array:
        return pa.repeat(pa.scalar(self.loaded_at, TIMESTAMP), rows)

    def _with_known_at(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow.compute as pc

        loaded_at = batch.column("loaded_at")
        happened_at = batch.column("occurred_at" if self.is_events else "changed_at")
        known_at = loaded_at
        if self.is_events:
            received_at = pc.coalesce(batch.column("received_at"), happened_at if self.is_history else loaded_at)
            position = batch.schema.get_field_index("received_at")
            batch = batch.set_column(position, "received_at", received_at)
            happened_at = pc.max_element_wise(happened_at, received_at)
        if self.is_history:
            known_at = pc.min_element_wise(happened_at, loaded_at)
        return batch.append_column("known_at", known_at)


def chosen_mapping(table: str, mapping: Mapping | None) -> Mapping:
    """The mapping, or a plain one for the table. Raises LoadError where the two do not agree."""
    if table not in TABLES:
        raise LoadError(f"There is no raw table {table!r}.", f"Name one of {', '.join(TABLES)}.")
    if mapping is None:
        return Mapping(table=table)
    if table not in (mapping.table, EVENT_TABLE):
        raise LoadError(f"The mapping is for the table {mapping.table}, not {table}.", "Leave the table out.")
    return mapping


def _next_load_id(warehouse: Warehouse) -> int:
    return int(warehouse.rows('select coalesce(max(load_id), 0) + 1 as load_id from "raw"."loads"')[0]["load_id"])


def _loaded_lines(warehouse: Warehouse, bench: Workbench, load_id: int, appended: int) -> int:
    """How many source rows were loaded: as many as table rows, unless several make one event."""
    if bench.mapping.group is None:
        return appended
    new = warehouse.read('select event_id from "raw"."events" where load_id = $load_id', {"load_id": load_id})
    return count_lines(bench.connection, new)


def _report(bench: Workbench, load_id: int, files: Sequence[SourceFile], loaded: int) -> LoadReport:
    quarantined, skipped = bench.quarantined.total(), bench.skipped.total()
    return LoadReport(
        load_id=load_id,
        table=bench.mapping.table,
        rows_read=bench.rows_read,
        rows_loaded=loaded,
        rows_duplicate=bench.rows_valid - loaded,
        rows_quarantined=quarantined,
        rows_skipped=skipped,
        reasons=dict(sorted((bench.quarantined + bench.skipped).items())),
        files=tuple(str(file.path) for file in files),
    )


def _refuse_if_nothing_fits(report: LoadReport) -> None:
    total = report.rows_loaded + report.rows_duplicate + report.rows_quarantined + report.rows_skipped
    if total != report.rows_read or report.rows_duplicate < 0:
        raise AssertionError(f"{total} rows are accounted for of {report.rows_read} read: {report}")
    if report.rows_quarantined == report.rows_read:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in report.reasons.items())
        raise LoadError(
            f"None of the {report.rows_read} rows of {', '.join(report.files)} can be loaded: {reasons}.",
            "Check the table and the mapping (docs/loading.md says what each reason means).",
        )


def _load_row(report: LoadReport, stamp: _Stamp) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {
                "load_id": report.load_id,
                "loaded_at": stamp.loaded_at,
                "mode": "history" if stamp.is_history else "live",
                "source": ", ".join(report.files),
                "rows_read": report.rows_read,
                "rows_loaded": report.rows_loaded,
                "rows_duplicate": report.rows_duplicate,
                "rows_quarantined": report.rows_quarantined,
                "rows_skipped": report.rows_skipped,
            }
        ]
    )
