"""A scratch warehouse and dbt in one process, its manifest parsed once."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from activation.warehouses import schema

Row = tuple[str, dict[str, Any]]
ROOT = Path(__file__).parents[2]
CHANGE_COLUMNS = ("id", "attributes", "changed_at", "is_deleted")
EVENT_COLUMNS = (
    "event_id",
    "event_name",
    "user_id",
    "anonymous_id",
    "occurred_at",
    "received_at",
    "properties",
    "context",
)


class Shop:
    """One warehouse file, and the dbt project upon it."""

    def __init__(self, path: Path, dbt: "Dbt") -> None:
        self.path = path
        self.dbt = dbt
        self.load_id = 0
        self.variables: dict[str, Any] = {}
        with duckdb.connect(str(path)) as connection:
            for statement in schema.statements():
                connection.execute(statement)

    def load(self, loaded_at: datetime, rows: Iterable[Row], *, is_history: bool = False) -> int:
        """Append rows of (table, row) as the loader would: one load, one transaction."""
        self.load_id += 1
        with duckdb.connect(str(self.path)) as connection:
            connection.begin()
            connection.execute(
                "insert into raw.loads by name select ? as load_id, cast(? as timestamp) as loaded_at, ? as mode",
                [self.load_id, loaded_at, "history" if is_history else "live"],
            )
            for table, stamped in self._tables(rows, loaded_at, is_history).items():
                batch = pa.Table.from_pylist(stamped)
                connection.register("batch", batch)
                connection.execute(f"insert into raw.{table} by name select * from batch")
            connection.commit()
        return self.load_id

    def _tables(self, rows: Iterable[Row], loaded_at: datetime, is_history: bool) -> dict[str, list[dict[str, Any]]]:
        tables: dict[str, list[dict[str, Any]]] = {}
        for table, row in rows:
            tables.setdefault(table, []).append(self._stamped(table, row, loaded_at, is_history))
        return tables

    def _stamped(self, table: str, row: dict[str, Any], loaded_at: datetime, is_history: bool) -> dict[str, Any]:
        columns = EVENT_COLUMNS if table == "events" else CHANGE_COLUMNS
        texts = {k: json.dumps(v, sort_keys=True, separators=(",", ":")) for k, v in row.items() if isinstance(v, dict)}
        happened = row["received_at"] if table == "events" else row["changed_at"]
        known_at = min(happened, loaded_at) if is_history else loaded_at
        stamped = {column: (row | texts).get(column) for column in columns}
        return stamped | {"load_id": self.load_id, "loaded_at": loaded_at, "known_at": known_at}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(statement)

    def run(self, as_of: datetime, models: Sequence[str] = (), *flags: str) -> None:
        """Run the named models, in this process, as of an instant."""
        selection = ["--select", *models] if models else []
        variables = json.dumps(self.variables | {"as_of": str(as_of)})
        self.dbt.invoke(self.path, "run", "--vars", variables, *selection, *flags)


class Dbt:
    """dbt with a retained manifest."""

    def __init__(self, scratch: Path, project: Path = ROOT / "dbt_project") -> None:
        self.scratch = scratch
        self.project = project
        self.manifest: Any = None
        self.seeded: set[tuple[Path, str]] = set()

    def invoke(self, warehouse: Path, command: str, *arguments: str) -> Any:
        from dbt.cli.main import dbtRunner

        os.environ["ACTIVATION_WAREHOUSE"] = str(warehouse)
        if self.manifest is None and command != "parse":
            self.manifest = self.invoke(warehouse, "parse")
        if command == "run":
            self._seed(warehouse, arguments)
        result = dbtRunner(manifest=self.manifest).invoke([command, *arguments, *self._flags()])
        if not result.success:
            failed = [f"{r.node.name}: {r.message}" for r in result.result or [] if r.status not in ("success", "pass")]
            raise AssertionError(f"dbt {command} failed: {result.exception or failed}")
        return result.result

    def _seed(self, warehouse: Path, arguments: Sequence[str]) -> None:
        """Every schema of a warehouse has the seeds before its first models."""
        target = arguments[arguments.index("--target") + 1] if "--target" in arguments else ""
        if (warehouse, target) not in self.seeded:
            self.seeded.add((warehouse, target))
            self.invoke(warehouse, "seed", *(["--target", target] if target else []))

    def _flags(self) -> list[str]:
        project = str(self.project)
        folders = [f"--target-path={self.scratch / 'target'}", f"--log-path={self.scratch / 'logs'}"]
        return [f"--project-dir={project}", f"--profiles-dir={project}", *folders, "--quiet", "--no-use-colors"]


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    before = {name: os.environ.get(name) for name in ("ACTIVATION_WAREHOUSE", "DO_NOT_TRACK")}
    os.environ["DO_NOT_TRACK"] = "1"
    yield Dbt(tmp_path_factory.mktemp("dbt"))
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture
def shop(tmp_path: Path, dbt: Dbt) -> Shop:
    return Shop(tmp_path / "warehouse.duckdb", dbt)


@pytest.fixture(scope="session")
def new_shop(dbt: Dbt) -> Callable[[Path], Shop]:
    """For fixtures that serve a whole module: a shop in a file."""
    return lambda path: Shop(path, dbt)
