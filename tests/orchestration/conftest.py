"""A real Airflow of the tests' own: its metadata database is migrated once per session."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings in the environment, before anything imports Airflow."""
    home = tmp_path_factory.mktemp("airflow")
    wanted = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "ACTIVATION_PROJECT": str(ROOT),
        "ACTIVATION_SCHEDULE": "by_hand",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    assert "airflow" not in sys.modules, "Airflow reads its settings when it is imported: import it in the tests"
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    # It sets up logging when it is imported, and would take the handlers of the test that imports it first.
    importlib.import_module("airflow")
    yield home
    for name, value in before.items():
        if value is None:
            os.environ.pop(name)
        else:
            os.environ[name] = value
