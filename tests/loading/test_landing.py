from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.errors import LoadError
from activation.loading import landing, load_landing
from activation.warehouses import Warehouse

Write = Callable[..., Path]
MakeEvent = Callable[..., dict[str, Any]]


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_file_is_loaded_once_history_first(
    tmp_path: Path, write: Write, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """History precedes live, a file is a load, and loaded files are moved; a second call finds nothing."""
    folder = tmp_path / "landing"
    write("landing/events/b.jsonl", event("b"))
    write("landing/events/a.jsonl", event("a"))
    write("landing/history/events/h.jsonl", event("h"))
    write("landing/customers/c.csv", "id,changed_at,first_name", "c1,2026-01-01,Ada")
    write("landing/events/unfinished.jsonl.part", event("x"))
    reports = load_landing(folder, warehouse, now, live_run_exists=False)
    assert [Path(report.files[0]).name for report in reports] == ["h.jsonl", "a.jsonl", "b.jsonl", "c.csv"]
    modes = warehouse.rows("select mode from raw.loads order by load_id")
    assert [row["mode"] for row in modes] == ["history", "live", "live", "live"]
    assert load_landing(folder, warehouse, now, live_run_exists=False) == []
    assert files_in(folder) == [
        "events/unfinished.jsonl.part",
        "loaded/customers/c.csv",
        "loaded/events/a.jsonl",
        "loaded/events/b.jsonl",
        "loaded/history/events/h.jsonl",
    ]


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path, warehouse: Warehouse, now: datetime) -> None:
    """Nothing has landed yet."""
    assert load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False) == []


def test_a_crash_between_commit_and_move_only_makes_duplicates(
    tmp_path: Path,
    write: Write,
    event: MakeEvent,
    warehouse: Warehouse,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file is still there, is loaded again, and adds nothing."""

    def crash(path: Path, folder: Path) -> None:
        raise KeyboardInterrupt

    write("landing/events/a.jsonl", event("a"))
    with monkeypatch.context() as patch:
        patch.setattr(landing, "_move_away", crash)
        with pytest.raises(KeyboardInterrupt):
            load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False)
    (report,) = load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False)
    assert (report.rows_loaded, report.rows_duplicate) == (0, 1)


def test_a_bad_file_does_not_hold_up_the_others(
    tmp_path: Path, write: Write, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """The others are loaded, the bad one stays and is named."""
    write("landing/events/a.parquet", "no parquet")
    write("landing/events/b.jsonl", event("b"))
    with pytest.raises(LoadError, match=r"a\.parquet"):
        load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False)
    assert files_in(tmp_path / "landing") == ["events/a.parquet", "loaded/events/b.jsonl"]


def test_history_that_lands_late_is_refused(
    tmp_path: Path, write: Write, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """After a live run the history folder is an error, while new files are loaded."""
    write("landing/history/events/h.jsonl", event("h"))
    write("landing/events/a.jsonl", event("a"))
    with pytest.raises(LoadError, match="live run exists"):
        load_landing(tmp_path / "landing", warehouse, now, live_run_exists=True)
    assert [row["event_id"] for row in warehouse.rows("select event_id from raw.events")] == ["a"]


def test_a_mapping_beside_the_files_applies_to_them(
    tmp_path: Path, write: Write, warehouse: Warehouse, now: datetime
) -> None:
    """`mapping.yml` in a table's folder maps its files and is itself neither loaded nor moved."""
    write("landing/products/mapping.yml", "table: products", "columns: {id: sku, changed_at: at}")
    write("landing/products/p.csv", "sku,at,name", "7,2026-01-01,Cup")
    load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False)
    assert warehouse.rows("select id, attributes from raw.products") == [{"id": "7", "attributes": '{"name":"Cup"}'}]
    assert "products/mapping.yml" in files_in(tmp_path / "landing")


def test_a_name_that_comes_again_overwrites_nothing(
    tmp_path: Path, write: Write, event: MakeEvent, warehouse: Warehouse, now: datetime
) -> None:
    """Two files of one name are both kept among the loaded."""
    for name in ("a", "b"):
        write("landing/events/today.jsonl", event(name))
        load_landing(tmp_path / "landing", warehouse, now, live_run_exists=False)
    assert files_in(tmp_path / "landing") == ["loaded/events/2-today.jsonl", "loaded/events/today.jsonl"]
