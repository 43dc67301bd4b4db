"""A build of a cadence leaves the triggers of a rarer schedule as they are."""

import shutil
from pathlib import Path

import duckdb
import pytest

from activation.policy import Schedule
from activation.project import BuildVariables, Project
from activation.settings import Settings

pytestmark = pytest.mark.dbt

ROOT = Path(__file__).parents[1] / "dbt_project"
NAMES = ("trg_often", "trg_rare")
HOUSE = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
PROJECT = f"""name: activation
version: "0.1.0"
profile: activation
{HOUSE[HOUSE.index("vars:") : HOUSE.index("on-run-start:")]}
models:
  activation:
    +materialized: table
"""
POLICY = """models:
  - name: {name}
    config:
      meta:
        trigger:
          {{id: {id}, kind: event, purpose: service, basis: contract, priority: low, channels: {{names: [email]}},
           templates: {{email: any}}, sender: shop, owner: shop, schedule: {schedule}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two triggers that say in which run they were built."""
    folder = tmp_path / "dbt_project/models/triggers"
    folder.mkdir(parents=True)
    (folder.parents[1] / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    shutil.copy(ROOT / "profiles.yml", folder.parents[1])
    for name, schedule in zip(NAMES, ("hourly", "daily"), strict=True):
        (folder / f"{name}.sql").write_text("select {{ var('run_id') }} as run_id", encoding="utf-8")
        described = POLICY.format(name=name, id=name.removeprefix("trg_"), schedule=schedule)
        (folder / f"{name}.yml").write_text(described, encoding="utf-8")
    return Project(Settings.from_environ({"ACTIVATION_PROJECT": str(tmp_path), "ACTIVATION_HOME": str(tmp_path)}))


def built_in(project: Project, run_id: int, cadence: Schedule) -> tuple[int, ...]:
    """Build at a cadence; in which run each trigger was built last."""
    variables = BuildVariables("2026-01-01 00:00:00", run_id, "analysis", "dev")
    report = project.run_changed(variables, target="analysis", exclude=(), resting=project.rarer_triggers(cadence))
    assert report.passed
    with duckdb.connect(str(project.settings.warehouse_path)) as connection:
        queries = (f"select run_id from analysis.{name}" for name in NAMES)
        return tuple(connection.execute(query).fetchall()[0][0] for query in queries)


def test_a_rarer_trigger_rests_once_it_was_built(project: Project) -> None:
    """Until a build of its schedule, or until its code is another."""
    assert built_in(project, 1, Schedule.EVERY_BUILD) == (1, 1)
    assert built_in(project, 2, Schedule.HOURLY) == (2, 1)
    assert built_in(project, 3, Schedule.EVERY_BUILD) == (2, 1)
    assert built_in(project, 4, Schedule.DAILY) == (4, 4)
    path = project.folder / "models/triggers/trg_rare.sql"
    path.write_text("select {{ var('run_id') }} as run_id, 1 as more", encoding="utf-8")
    again = Project(project.settings)
    assert built_in(again, 5, Schedule.HOURLY) == (5, 5)
