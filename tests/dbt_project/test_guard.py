"""A trigger or an audience that the generated list lacks is not left out silently."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from activation.project import render_list
from activation.warehouses import schema

ROOT = Path(__file__).parents[2] / "dbt_project"
LISTS = "macros/generated"

pytestmark = pytest.mark.dbt


def copied(folder: Path) -> Path:
    """The project in a folder of its own, whose generated lists may be wrong."""
    return Path(shutil.copytree(ROOT, folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs")))


def built(project: Path, *models: str) -> dict[str, str]:
    """What dbt says of each model: its status, or its objection in one line."""
    import duckdb
    from dbt.cli.main import dbtRunner

    warehouse = project.parent / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for statement in schema.statements():
            connection.execute(statement)
    folders = {"project-dir": project, "profiles-dir": project, "log-path": project.parent / "logs"}
    flags = [f"--{name}={value}" for name, value in folders.items()]
    flags += [f"--target-path={project.parent / 'target'}", "--quiet", "--no-print", "--no-use-colors"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ACTIVATION_WAREHOUSE", str(warehouse))
        patch.setitem(os.environ, "DO_NOT_TRACK", "1")
        done = dbtRunner().invoke(["run", "--empty", "--select", *models, *flags])
    results: list[Any] = [found for found in done.result if found.node.resource_type == "model"]
    return {found.node.name: " ".join(f"{found.status} {found.message or ''}".split()) for found in results}


def shorten(project: Path, name: str, prefix: str, left_out: str) -> None:
    """Write a generated list as it was before a model came."""
    models = sorted(path.stem for path in (project / "models").rglob(f"{prefix}*.sql"))
    assert left_out in models
    text = render_list(name, [model for model in models if model != left_out])
    (project / LISTS / f"{name}.sql").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "prefix", "left_out"),
    [("trigger_models", "trg_", "trg_win_back"), ("audience_models", "aud_", "aud_lapsed_customers")],
)
def test_a_list_that_lacks_a_model_stops_the_build(tmp_path: Path, name: str, prefix: str, left_out: str) -> None:
    """The sentence names the list, what it lacks and the command that refreshes it; no occurrence is united."""
    project = copied(tmp_path)
    shorten(project, name, prefix, left_out)
    done = built(project, "act_policies", "act_occurrences")
    assert f"{name}.sql lacks {left_out}." in done["act_policies"]
    assert "`activation trigger list`" in done["act_policies"]
    assert done["act_occurrences"].startswith("skipped")


def test_a_list_of_a_trigger_without_policy_stops_the_build(tmp_path: Path) -> None:
    """A model in the triggers' folder whose YAML has no policy is no trigger."""
    project = copied(tmp_path)
    declared = project / "models/triggers/trg_win_back.yml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace("        trigger:\n", "        trigga:\n", 1), encoding="utf-8")
    done = built(project, "act_policies")
    assert "trigger_models.sql lists trg_win_back, which has no meta: trigger" in done["act_policies"]
