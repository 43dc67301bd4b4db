"""The house rules of DAGs, over all of them."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
HEADINGS = ["## What it does", "## When it runs", "## If it fails", "## Safe to re-run"]
HEAVY = {"duckdb", "dbt", "great_expectations", "pandas", "sqlalchemy", "requests", "pyarrow"}

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def bag(airflow_home: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags"), safe_mode=False)


def test_there_are_dags() -> None:
    """The rules below are about something."""
    assert {path.stem for path in FILES} >= {"build_models", "deliver_messages", "sync_audiences", "publish_reports"}


def test_every_file_makes_the_dag_of_its_name(bag: Any) -> None:
    """One DAG per file, none broken, id = file name, verb_noun."""
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_docstring_is_the_page(path: Path, bag: Any) -> None:
    """What it does, when it runs, what a failure means, whether it is safe to re-run."""
    page = ast.get_docstring(ast.parse(path.read_text()))
    assert page is not None
    assert [line for line in page.splitlines() if line.startswith("## ")] == HEADINGS
    assert bag.dags[path.stem].doc_md.strip() == page


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_lists_say_what_a_dag_does(path: Path, bag: Any) -> None:
    """One short sentence."""
    assert re.fullmatch(r"[A-Z][^.]{10,80}\.", bag.dags[path.stem].description)


def test_a_mapped_task_is_named_by_what_it_does(bag: Any) -> None:
    """The UI shows a shard or an audience and no number."""
    mapped = [task for dag in bag.dags.values() for task in dag.tasks if task.is_mapped]
    assert len(mapped) == 2
    assert all(task.partial_kwargs["map_index_template"] for task in mapped)


def test_every_pool_is_used(bag: Any) -> None:
    """Turning one of them down has an effect."""
    from activation.orchestration.signals import pools
    from activation.settings import Settings

    used = {task.pool for dag in bag.dags.values() for task in dag.tasks}
    assert set(pools(Settings.from_environ())) == used - {"default_pool"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_wiring_only(path: Path) -> None:
    """At most 120 lines, nothing heavy imported, no SQL, no module named dbt_*."""
    text = path.read_text()
    assert len(text.splitlines()) <= 120
    assert not path.stem.startswith("dbt_")
    modules = {
        name.name.split(".")[0] if isinstance(node, ast.Import) else str(node.module).split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert modules <= {"airflow", "activation", "datetime"}
    assert not modules & HEAVY
    assert "select " not in text.lower()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_dag_catches_up_and_every_task_retries_from_a_known_pool(path: Path, bag: Any) -> None:
    """The past is never replayed by accident, and every pool that is named is made."""
    from activation.orchestration.signals import pools
    from activation.settings import Settings

    dag = bag.dags[path.stem]
    assert dag.catchup is False
    assert dag.tasks
    known = {*pools(Settings.from_environ()), "default_pool"}
    for task in dag.tasks:
        assert task.pool in known
        assert task.retries == 2


def test_importing_the_dags_does_not_import_the_engine(airflow_home: Path) -> None:
    """Parsing stays cheap: the heavy libraries are for the tasks."""
    import subprocess
    import sys

    program = (
        "import sys; sys.path.insert(0, 'dags'); import activation.orchestration.steps;"
        f"print(sorted(set(sys.modules) & {HEAVY - {'sqlalchemy', 'requests'}!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
