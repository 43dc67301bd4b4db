"""What checking, de-duplicating and normalising cost: loading a shop's events against DuckDB reading the same file."""

import tempfile
import time
from datetime import datetime
from pathlib import Path

import duckdb

from activation.loading import load
from activation.simulator.shop import Shop
from activation.warehouses.duckdb import DuckDBWarehouse

END = datetime(2026, 3, 2, 6)
CUSTOMERS = 10_000


def main() -> None:
    """Simulate, load, load the same again; rows per second and as a share of DuckDB's own pace."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        started = time.perf_counter()
        simulated = Shop(home).create(end=END, customers=CUSTOMERS, days=90).rows["events"]
        print(f"simulated    {simulated / (time.perf_counter() - started):>12,.0f} events/s")
        files = sorted((home / "landing/history/events").glob("*.parquet"))
        started = time.perf_counter()
        duckdb.execute("create temp table events as select * from read_parquet($1)", [[str(path) for path in files]])
        plain = simulated / (time.perf_counter() - started)
        print(f"plain DuckDB {plain:>12,.0f} rows/s")
        with DuckDBWarehouse(home / "warehouse.duckdb", home / "warehouse_read.duckdb") as warehouse:
            warehouse.prepare()
            for what in ("first load", "same again"):
                started = time.perf_counter()
                rows = load(files, warehouse=warehouse, now=END, history=True).rows_read
                pace = rows / (time.perf_counter() - started)
                print(f"{what:<12} {pace:>12,.0f} rows/s, {plain / pace:.0f} times as long as plain")


if __name__ == "__main__":
    main()
