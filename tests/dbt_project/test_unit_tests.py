"""Every unit test of the models, on every warehouse, in one process each."""

import os
from pathlib import Path
from typing import Any

import pytest

from activation.project import warehouse_variables
from activation.settings import Settings
from activation.warehouses import open_warehouse

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What dbt says of each, over tables without rows: unit tests read the columns of what they stand in for."""
    from dbt.cli.main import dbtRunner

    is_server = request.param == "postgres"
    url = request.getfixturevalue("new_postgres")() if is_server else ""
    folder = tmp_path_factory.mktemp("unit_tests")
    environ = {"ACTIVATION_PROJECT": str(ROOT), "ACTIVATION_HOME": str(folder), "ACTIVATION_WAREHOUSE_URL": url}
    settings = Settings.from_environ(environ)
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
    project = ROOT / "dbt_project"
    folders = {"project-dir": project, "profiles-dir": project, "target-path": folder / "target", "log-path": folder}
    flags = [*(f"--{name}={value}" for name, value in folders.items()), "--quiet", "--no-print", "--no-use-colors"]
    flags.append(f"--profile={'activation_postgres' if is_server else 'activation'}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**warehouse_variables(settings), "DO_NOT_TRACK": "1"}.items():
            patch.setitem(os.environ, name, value)
        manifest = dbtRunner().invoke(["parse", *flags]).result
        assert dbtRunner(manifest=manifest).invoke(["seed", *flags]).success
        built = dbtRunner(manifest=manifest).invoke(["run", *flags])
        assert built.success, [f"{found.node.name}: {found.message}" for found in built.result or []]
        tested = dbtRunner(manifest=manifest).invoke(["test", "--select", "test_type:unit", *flags])
    assert tested.exception is None, tested.exception
    return [found for found in tested.result if found.node.resource_type == "unit_test"]


def test_every_unit_test_ran(results: list[Any]) -> None:
    """None was lost with a renamed file."""
    assert len(results) >= 100


def test_every_unit_test_passes(results: list[Any]) -> None:
    """Those that do not are named with what they got."""
    failed = [f"{found.node.name}: {found.message}" for found in results if found.status != "pass"]
    assert not failed, "\n".join(failed)
