"""The landing folder: `<table>/*` and `history/<table>/*`, where every new file is loaded once, then moved away."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from activation.errors import LoadError
from activation.loading.load import LoadReport, load
from activation.loading.mapping import TABLES, Mapping, read_mapping
from activation.warehouses import Warehouse

HISTORY = "history"
LOADED = "loaded"
MAPPING_FILE = "mapping.yml"


def load_landing(folder: Path, warehouse: Warehouse, now: datetime, live_run_exists: bool) -> list[LoadReport]:
    """Load every file of the landing folder, history first and by name within a table, each as a load of its own.

    A loaded file is moved to `loaded/` after its commit; where that did not happen, the next call finds its rows to be
    duplicates. A file that cannot be loaded stays where it is, and LoadError names it after the others were loaded.
    """
    reports: list[LoadReport] = []
    refused: list[str] = []
    for path, is_history in _waiting(folder):
        try:
            reports.append(_load_one(path, warehouse, now, is_history, live_run_exists))
        except LoadError as error:
            refused.append(str(error))
        else:
            _move_away(path, folder)
    if refused:
        raise LoadError(
            f"{len(refused)} of the landing folder's files cannot be loaded: {' '.join(refused)}",
            "Mend each file or take it out of the landing folder; the others are loaded.",
        )
    return reports


def _waiting(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The files to load, and whether they are history. Hidden files and unfinished ones (`.tmp`, `.part`) wait."""
    for root, is_history in ((folder / HISTORY, True), (folder, False)):
        for table in TABLES:
            for path in sorted((root / table).glob("*")):
                if path.is_file() and not path.name.startswith(".") and _is_data(path):
                    yield path, is_history


def _is_data(path: Path) -> bool:
    return path.name != MAPPING_FILE and path.suffix not in (".tmp", ".part")


def _load_one(path: Path, warehouse: Warehouse, now: datetime, is_history: bool, live_run_exists: bool) -> LoadReport:
    return load(
        [path],
        warehouse=warehouse,
        now=now,
        table=path.parent.name,
        mapping=_mapping_beside(path),
        history=is_history,
        live_run_exists=live_run_exists,
    )


def _mapping_beside(path: Path) -> Mapping | None:
    beside = path.with_name(MAPPING_FILE)
    return read_mapping(beside) if beside.exists() else None


def _move_away(path: Path, folder: Path) -> None:
    """Keep the name; a later file of the same name gets a number, so that nothing is overwritten."""
    target = folder / LOADED / path.relative_to(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    free = target
    while free.exists():
        number += 1
        free = target.with_name(f"{number}-{target.name}")
    path.rename(free)
