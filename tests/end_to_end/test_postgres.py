"""The whole path on PostgreSQL, twice in a row, and row for row what DuckDB makes of the same sources."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from activation import operations, simulation
from activation.app import App
from activation.doctor import examine
from activation.errors import BusyError
from activation.ledger.messages import find_message
from activation.project import DECISIONS_TAG, OUTCOMES_TAG, Project
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse, reserved
from activation.warehouses.schema import SCHEMAS

MODELS = "activation"
LATER = "decided-later"

pytestmark = pytest.mark.dbt

Rows = Counter[tuple[Any, ...]]


@dataclass
class Story:
    """What was in every table after the second build and after a rebuild, what DuckDB had, and what came of it."""

    deployment: Any
    postgres: dict[str, Rows] = field(default_factory=dict)
    duckdb: dict[str, Rows] = field(default_factory=dict)
    rebuilt: dict[str, Rows] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    mails: dict[str, int] = field(default_factory=dict)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.deployment.settings, read_copy=True) as warehouse:
            return warehouse.rows(query)

    def send(self, chapter: str, app: App) -> None:
        self.planned[chapter] = app.send()["planned"]
        self.mails[chapter] = len(self.deployment.mails())


def plain(value: Any) -> Any:
    """A number by its value, whatever type a warehouse has for it; nothing is rounded."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value)).normalize()
    return value


def tables(warehouse: Warehouse) -> dict[str, Rows]:
    """The rows of every model, and how often each is there."""
    names = warehouse.rows(f"select table_name from information_schema.tables where table_schema = '{MODELS}'")
    return {
        name: Counter(
            tuple((column, plain(row[column])) for column in sorted(row))
            for batch in warehouse.read(f'select * from {MODELS}."{name}"')
            for row in batch.to_pylist()
        )
        for name in sorted(row["table_name"] for row in names)
    }


def copy_sources(source: Warehouse, target: Warehouse) -> None:
    """What models read, as Arrow batches from one warehouse into the other."""
    for schema, names in SCHEMAS.items():
        for table in names:
            target.execute(f"delete from {schema}.{table}")
            target.append(schema, table, source.read(f"select * from {schema}.{table}"))


def launch(app: App) -> None:
    """A first live run, without tests and gates, which the second has."""
    app.load_landing()
    app.copy_ledger()
    run = app.start_run()
    app._load_time(run)
    report = app.project.run_changed(app._variables(run), target="live", exclude=())
    assert report.passed, report.failures
    app.announce(run)


def build_again(app: App, other: Settings) -> None:
    """Build the run's models on DuckDB too, from the same sources."""
    with open_warehouse(app.settings, read_copy=True) as source, open_warehouse(other) as target:
        target.prepare()
        copy_sources(source, target)
    variables = app._variables(app.newest_run())
    assert Project(other).seed(variables, "live").passed
    report = Project(other).run(variables, target="live")
    assert report.passed, report.failures


def decide_later(app: App) -> None:
    """Hand over one message more, as a run would that is not announced yet."""
    with open_warehouse(app.settings) as warehouse:
        (batch,) = warehouse.read(f"select * from {MODELS}.act_messages order by message_key limit 1")
        (row,) = batch.to_pylist()
        later = row | {"message_key": LATER, "decision_id": LATER, "run_id": row["run_id"] + 1}
        warehouse.append(MODELS, "act_messages", [pa.RecordBatch.from_pylist([later], batch.schema)])


def rebuild(app: App) -> None:
    """The facts as a full refresh makes them."""
    decided = f"{DECISIONS_TAG} {OUTCOMES_TAG}"
    report = app.project._build("run", app._variables(app.newest_run()), "live", None, decided, "--full-refresh")
    assert report.passed, report.failures


@pytest.fixture(scope="module")
def story(
    deployment: Any, new_postgres: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Launch, a day with messages, the same again, and everything built from scratch; the builds on DuckDB, too."""
    told = Story(deployment)
    environ = {**deployment.environ, "ACTIVATION_HOME": str(tmp_path_factory.mktemp("duckdb"))}
    other = Settings.from_environ(environ)
    deployment.environ["ACTIVATION_WAREHOUSE_URL"] = new_postgres()
    with deployment.app() as app:
        simulation.create_shop(app, customers=120, days=40, seed=23, until=None)
        launch(app)
        build_again(app, other)
        told.send("launch", app)
        simulation.advance_shop(app, timedelta(days=1))
        app.build()
        build_again(app, other)
        with open_warehouse(app.settings, read_copy=True) as postgres, open_warehouse(other) as duckdb:
            told.postgres, told.duckdb = tables(postgres), tables(duckdb)
        decide_later(app)
        told.send("day", app)
        told.send("again", app)
        for audience_id in app.audience_ids():
            app.sync(audience_id)
        operations.publish_report(app)
        rebuild(app)
        with open_warehouse(app.settings, read_copy=True) as postgres:
            told.rebuilt = tables(postgres)
        yield told


def test_both_warehouses_hold_the_same_rows(story: Story) -> None:
    """In every table of the models, after a first build and one for the customers concerned, with no tolerance."""
    ours, theirs = story.postgres, story.duckdb
    assert set(ours) == set(theirs)
    assert sum(bool(rows) for rows in ours.values()) > 60
    different = {
        name: (list((ours[name] - theirs[name]).elements())[:2], list((theirs[name] - ours[name]).elements())[:2])
        for name in ours
        if ours[name] != theirs[name]
    }
    assert not different, f"(only on PostgreSQL, only on DuckDB): {different}"


def test_what_was_added_is_what_a_rebuild_makes(story: Story) -> None:
    """A full refresh after the second run changes no fact; the lists of changes are records of what was done."""
    kept, rebuilt = story.postgres, story.rebuilt
    facts = {name for name in kept if name.startswith(("stg_activation", "int_", "dim_", "seg_", "trg_"))}
    facts -= {name for name in facts if name.startswith("int_changed_")}
    assert len(facts) > 40
    assert [name for name in sorted(facts) if kept[name] != rebuilt[name]] == []


def test_messages_go_out_once(story: Story) -> None:
    """The launch sends nothing of the past, the day sends, sending again does not."""
    assert story.mails["launch"] == 0
    assert story.mails["day"] == story.planned["day"] > 0
    assert story.mails["again"] == story.mails["day"]
    states = story.rows("select state, count(*) as messages from activation.fct_messages group by state")
    assert {row["state"]: row["messages"] for row in states} == {"accepted": story.mails["day"]}


def test_what_is_not_announced_is_not_planned(story: Story) -> None:
    """Readers see the tables themselves, so a message of a later run lies there before its gate has passed."""
    with story.deployment.app() as app:
        assert find_message(app.ledger, LATER) is None
    assert story.planned["again"] == 0


def test_the_report_has_no_gap(story: Story) -> None:
    """Every question of the report is answered by PostgreSQL, too."""
    page = story.deployment.settings.report_path.read_text(encoding="utf-8")
    assert "cart_abandonment" in page
    assert "could not be read" not in page


def test_the_doctor_says_which_warehouse_it_is(story: Story) -> None:
    """Where it is and what is in it, and nothing that is secret."""
    (found,) = [finding for finding in examine(story.deployment.environ) if finding.what == "warehouse"]
    assert found.is_fine
    assert found.says.startswith(f"PostgreSQL at {story.deployment.settings.warehouse}: ")
    assert found.says.endswith(" events")


def test_no_file_and_no_variable_keeps_the_password(story: Story) -> None:
    """Neither the manifest nor a log of dbt's nor the gates' results hold it, and the environment is as it was."""
    password = story.deployment.settings.warehouse.password.reveal()
    files = [path for path in story.deployment.settings.home.rglob("*") if path.is_file()]
    assert any(path.name == "manifest.json" for path in files)
    assert [path for path in files if password.encode() in path.read_bytes()] == []
    assert not [name for name, value in os.environ.items() if password in value]


def test_one_writer_at_a_time_whatever_its_ledger(story: Story) -> None:
    """A process with another home, and so another ledger, is told to wait."""
    with story.deployment.app() as app, reserved(app.settings), pytest.raises(BusyError, match="another process"):
        app.load_landing()
