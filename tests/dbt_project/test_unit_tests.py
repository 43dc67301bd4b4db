"""Every unit test of the models, in one process."""

import os
from pathlib import Path
from typing import Any

import pytest

from activation.warehouses import schema

ROOT = Path(__file__).parents[2] / "dbt_project"

pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What dbt says of each, over tables without rows: unit tests read the columns of what they stand in for."""
    import duckdb
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("unit_tests")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for statement in schema.statements():
            connection.execute(statement)
    folders = {"project-dir": ROOT, "profiles-dir": ROOT, "target-path": folder / "target", "log-path": folder / "logs"}
    flags = [*(f"--{name}={value}" for name, value in folders.items()), "--quiet", "--no-print", "--no-use-colors"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ACTIVATION_WAREHOUSE", str(folder / "warehouse.duckdb"))
        patch.setitem(os.environ, "DO_NOT_TRACK", "1")
        manifest = dbtRunner().invoke(["parse", *flags]).result
        built = dbtRunner(manifest=manifest).invoke(["run", "--empty", *flags])
        assert built.success, [f"{found.node.name}: {found.message}" for found in built.result or []]
        tested = dbtRunner(manifest=manifest).invoke(["test", "--select", "test_type:unit", *flags])
    assert tested.exception is None, tested.exception
    return [found for found in tested.result if found.node.resource_type == "unit_test"]


def test_every_unit_test_ran(results: list[Any]) -> None:
    """None was lost with a renamed file."""
    assert len(results) >= 100


def test_every_unit_test_passes(results: list[Any]) -> None:
    """Those that do not are named with what they got."""
    failed = {found.node.name: found.message for found in results if found.status != "pass"}
    assert failed == {}
