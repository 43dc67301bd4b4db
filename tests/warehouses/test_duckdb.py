import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from activation.errors import BusyError, WarehouseError
from activation.settings import Settings
from activation.warehouses import open_warehouse
from activation.warehouses.duckdb import DuckDBWarehouse


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"ACTIVATION_HOME": str(tmp_path / "home"), "ACTIVATION_PROJECT": str(tmp_path)})


def event(event_id: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"event_id": event_id}])


def opened_elsewhere(path: Path) -> str:
    """What another process is told that opens the file."""
    program = (
        "import sys; from pathlib import Path; from activation.warehouses.duckdb import DuckDBWarehouse;"
        "DuckDBWarehouse(Path(sys.argv[1]), Path('unused')); print('opened')"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_copy_is_read_only_and_stays_as_published(settings: Settings) -> None:
    """Readers see the last published state, not what was written since, and cannot write."""
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        warehouse.append("raw", "events", [event("a")])
        warehouse.publish()
        warehouse.append("raw", "events", [event("b")])
        with open_warehouse(settings, read_copy=True) as copy:
            assert copy.rows("select event_id from raw.events") == [{"event_id": "a"}]
            streamed = [row for batch in copy.read("select event_id from raw.events") for row in batch.to_pylist()]
            assert streamed == [{"event_id": "a"}]
            assert copy.has_table("raw", "events")
            with pytest.raises(WarehouseError, match="read-only"):
                copy.append("raw", "events", [event("c")])


def test_publishing_replaces_the_copy_under_its_readers(settings: Settings) -> None:
    """An open reader keeps the old state whole; the next one sees the new; no temporary file is left."""
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        warehouse.publish()
        with open_warehouse(settings, read_copy=True) as before:
            warehouse.append("raw", "events", [event("a")])
            warehouse.publish()
            with open_warehouse(settings, read_copy=True) as after:
                assert before.rows("select event_id from raw.events") == []
                assert after.rows("select event_id from raw.events") == [{"event_id": "a"}]
    assert sorted(path.name for path in settings.home.iterdir()) == ["warehouse.duckdb", "warehouse_read.duckdb"]


def test_views_that_name_the_database_work_in_the_copy(settings: Settings) -> None:
    """dbt writes the database's name into views; the copy answers to it although its file is called otherwise."""
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        warehouse.execute('create view raw.seen as select event_id from "warehouse"."raw"."events"')
        warehouse.publish()
    with open_warehouse(settings, read_copy=True) as copy:
        assert copy.rows("select * from raw.seen") == []


def test_a_file_that_is_held_elsewhere_is_busy(settings: Settings) -> None:
    """Another process is told to wait, also after the file has been published, which reads it."""
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        assert "BusyError" in opened_elsewhere(settings.warehouse_path)
        warehouse.publish()
        assert "BusyError" in opened_elsewhere(settings.warehouse_path)
    assert opened_elsewhere(settings.warehouse_path) == "opened\n"


def test_closing_lets_go_of_the_file_in_spite_of_an_unfinished_read(settings: Settings) -> None:
    """A result that nobody reads to its end does not keep the file locked."""
    with open_warehouse(settings) as warehouse:
        reading = warehouse.read("select * from range(100000)", batch_size=10)
        next(reading)
    assert opened_elsewhere(settings.warehouse_path) == "opened\n"


def test_a_busy_file_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    """A file that is no DuckDB file is a WarehouseError with a remedy, not a BusyError."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="backup"):
        DuckDBWarehouse(path, tmp_path / "copy.duckdb")
    assert not issubclass(BusyError, WarehouseError)


def test_a_missing_copy_names_the_command_that_makes_it(settings: Settings) -> None:
    """A reader before the first build is told to build."""
    with pytest.raises(WarehouseError, match="activation build"):
        open_warehouse(settings, read_copy=True)


def test_publishing_to_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A copy that fails is a WarehouseError, and the warehouse can still be used."""
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb", tmp_path / "absent" / "copy.duckdb") as warehouse:
        with pytest.raises(WarehouseError, match="could not be copied"):
            warehouse.publish()
        assert warehouse.rows("select 1 as one") == [{"one": 1}]


def test_publishing_inside_a_transaction_is_refused(settings: Settings) -> None:
    """What is not committed cannot be published."""
    with open_warehouse(settings) as warehouse, warehouse.transaction(), pytest.raises(WarehouseError):
        warehouse.publish()


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    """Running out of room for temporary data is told as a full disk."""
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb", tmp_path / "copy.duckdb") as warehouse:
        warehouse.execute("set memory_limit = '20MB'")
        warehouse.execute("set max_temp_directory_size = '1MB'")
        with pytest.raises(WarehouseError, match="Free disk space"):
            warehouse.rows("select count(*) from (select hash(i) from range(20000000) t(i) order by 1 offset 5)")
