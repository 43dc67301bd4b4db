"""Events that a company has in its warehouse already: views over its own tables, none of them loaded by us.

The views are those of docs/own-tables.md, so that what stands there works.
"""

import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from activation import doctor
from activation.app import TARGETS, App, open_app
from activation.model import Run, RunMode
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse
from activation.warehouses.schema import CHANGE_TABLES

ROOT = Path(__file__).parents[2]
KEY = "a-key-of-the-tests-that-is-long-enough"
NOON = datetime(2026, 3, 2, 12)
EMPTY = [table for table in (*CHANGE_TABLES, "quarantine") if table != "customers"]
SHOP = """
create schema shop;
create table shop.web_events (
    id text, name text, customer text, device text, happened_at timestamp, received_at timestamp, payload text,
    _synced_at timestamp
);
create table shop.customer_history (
    id text, country text, given_name text, language text, updated_at timestamp, is_removed boolean,
    _synced_at timestamp
);
create schema crm
"""
COMPARED = ("int_events", "int_identities", "int_orders", "int_order_lines", "dim_customers", "trg_order_confirmation")

pytestmark = pytest.mark.dbt


def views() -> list[str]:
    """The statements of the first block of SQL in the documentation."""
    text = (ROOT / "docs" / "own-tables.md").read_text(encoding="utf-8")
    block = re.search(r"DuckDB:\n\n```sql\n(.*?)```", text, re.DOTALL)
    assert block is not None
    return [statement for statement in block[1].split(";") if statement.strip()]


@dataclass
class Story:
    """The tables' rows after each of two live builds and after a build from nothing, and what else was asked."""

    first: dict[str, list[dict[str, Any]]]
    second: dict[str, list[dict[str, Any]]]
    rebuilt: dict[str, list[dict[str, Any]]]
    gate: Any
    findings: dict[str, str]


def happened(
    warehouse: Warehouse, event: str, name: str, at: datetime, synced_at: datetime, payload: str = "{}"
) -> None:
    """A row of the shop's own events."""
    warehouse.execute(
        "insert into shop.web_events values ($id, $name, 'c1', 'd1', $at, $at, $payload, $synced_at)",
        {"id": event, "name": name, "at": at, "payload": payload, "synced_at": synced_at},
    )


def build_again(app: App, at: datetime, mode: RunMode = RunMode.LIVE) -> Run:
    """Another run over the models that are compared, with all that they rest on."""
    app.ledger.clock.set(at)
    run = app.start_run(mode)
    wanted = " ".join(f"+{name}" for name in COMPARED)
    report = app.project.run(app._variables(run), target=TARGETS[mode], select=wanted)
    assert report.passed
    return run


def tables(settings: Settings, schema: str) -> dict[str, list[dict[str, Any]]]:
    with open_warehouse(settings) as warehouse:
        return {name: warehouse.rows(f'select * from "{schema}"."{name}" order by all') for name in COMPARED}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", folder)
    project_file = folder / "dbt_project" / "dbt_project.yml"
    content = yaml.safe_load(project_file.read_text(encoding="utf-8"))
    content["vars"]["raw_schema"] = "crm"
    project_file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    environ = {
        "ACTIVATION_PROJECT": str(folder),
        "ACTIVATION_HOME": str(folder / "var"),
        "ACTIVATION_ENVIRONMENT": "simulation",
        "ACTIVATION_SIGNING_KEY": KEY,
    }
    settings = Settings.from_environ(environ)
    (folder / "var").mkdir()
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        empty = [f"create table crm.{table} as select * from raw.{table} where false" for table in EMPTY]
        for statement in [*SHOP.split(";"), *views(), *empty]:
            warehouse.execute(statement)
        ada = "insert into shop.customer_history values ('c1', 'GB', 'Ada', 'en', $at, false, $at)"
        warehouse.execute(ada, {"at": NOON - timedelta(days=1)})
        happened(warehouse, "e1", "purchase", NOON - timedelta(hours=3), NOON - timedelta(hours=2), order("o1", 20))
        # Copied at 11:50, so in the window until 12:00 that is known from 12:10 on.
        happened(warehouse, "e2", "purchase", NOON - timedelta(hours=1), NOON - timedelta(minutes=10), order("o2", 30))
    with open_app(settings) as app:
        app.ledger.clock.set(NOON)
        app.build_facts(app.start_run())
        first = tables(settings, "activation")
        run = build_again(app, NOON + timedelta(minutes=30))
        second = tables(settings, "activation")
        gate = app.check_quality(run)
        build_again(app, NOON + timedelta(minutes=30), RunMode.ANALYSIS)
    findings = {finding.what: finding.says for finding in doctor.examine(environ)}
    return Story(first, second, tables(settings, "analysis"), gate, findings)


def order(order_id: str, total: int) -> str:
    line = f'{{"name":"Mug","price":{total},"product_id":"p1","quantity":1}}'
    return f'{{"currency":"GBP","order_id":"{order_id}","products":[{line}],"total":{total}}}'


def test_models_are_built_from_tables_that_nobody_loaded(story: Story) -> None:
    """Names, ids, times and JSON arrive through the views as if they had been loaded."""
    found = story.first["int_orders"]
    assert [(row["order_id"], row["customer_id"], float(row["net_amount"])) for row in found] == [("o1", "c1", 20.0)]
    customer = story.first["dim_customers"][0]
    assert (customer["customer_id"], customer["first_name"], customer["country_code"]) == ("c1", "Ada", "GB")
    assert [row["customer_id"] for row in story.first["trg_order_confirmation"]] == ["c1"]


def test_a_window_is_known_when_it_is_over(story: Story) -> None:
    """What was copied shortly before the first build came in with the second, and is known since its window's end."""
    assert [row["order_id"] for row in story.second["int_orders"]] == ["o1", "o2"]
    late = next(row for row in story.second["int_events"] if row["event_id"] == "e2")
    assert late["known_at"] == NOON + timedelta(minutes=10)


def test_what_was_built_in_two_steps_equals_a_build_from_nothing(story: Story) -> None:
    """Watermarks work with load ids that nobody of ours gave."""
    assert story.second == story.rebuilt


def test_the_gates_and_the_doctor_look_at_the_views(story: Story) -> None:
    """Their suites name the schema, every rule could be evaluated, and nothing is blocked."""
    assert not [check for check in story.gate.checks if check.error]
    assert story.gate.passed
    assert any("2 events" in says for says in story.findings.values())
