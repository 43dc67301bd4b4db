"""The gates on PostgreSQL find what they find on DuckDB: nothing where all is in order, every rule's breach else."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from activation.quality import run_gates, warehouse_address
from activation.quality.dialects import DUCKDB, POSTGRES, Dialect
from activation.quality.model import Check, Limits, Suite
from activation.quality.session import Session
from activation.quality.suites import handover_suite, source_suites, trigger_suite
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse

AS_OF = datetime(2026, 3, 1, 12, 0)
MESSAGES = "activation.act_messages"
BREACHES = [
    "update raw.events set event_id = 'e2' where event_id = 'e1'",
    "update raw.events set event_id = null, event_name = null, known_at = null where event_id = 'e3'",
    "update raw.events set user_id = '' where event_id = 'e4'",
    "update raw.events set occurred_at = timestamp '1970-01-01' where event_id like 'e1%'",
    "update raw.events set properties = '[]' where event_id = 'e5'",
    "update raw.events set properties = '{x' where event_id = 'e6'",
    "update raw.events set event_name = 'Order Completed' where event_id = 'e7'",
    "update raw.loads set rows_quarantined = 150",
    """update raw.customers set attributes = '{"birth_date":"1970-01-01"}' where id < 'c4'""",
    "update raw.customers set attributes = 'nonsense' where id = 'c90'",
    "update raw.customers set id = null, changed_at = null, is_deleted = null where id = 'c91'",
    """update raw.consents set attributes = '{"status":"yes"}'""",
    "insert into raw.contact_points select 'p1', '{}', changed_at, false, 1, loaded_at, known_at from raw.consents",
    "update activation.trg_welcome set occurrence_key = 'k2' where occurrence_key = 'k1'",
    "update activation.trg_welcome set occurrence_key = null where occurrence_key = 'k3'",
    "update activation.trg_welcome set customer_id = null where occurrence_key = 'k4'",
    "update activation.trg_welcome set eligible_at = occurred_at - interval 1 hour where occurrence_key = 'k5'",
    "update activation.trg_welcome set expires_at = eligible_at where occurrence_key = 'k6'",
    "update activation.trg_welcome set context = '[]' where occurrence_key = 'k7'",
    "update activation.trg_welcome set context = 'nonsense' where occurrence_key = 'k8'",
    """insert into activation.trg_welcome by name
       select 'c' || i as customer_id, 'flood' || i as occurrence_key, timestamp '2026-02-28' as occurred_at,
           timestamp '2026-03-01 11:00' + to_hours((i % 2) * 30) as eligible_at, timestamp '2026-03-09' as expires_at,
           '{}' as context
       from range(2200) as r(i)""",
    f"update {MESSAGES} set message_key = null where message_key = 'm0'",
    f"update {MESSAGES} set contact_point = 'nobody' where message_key = 'm2'",
    f"update {MESSAGES} set channel = 'sms' where message_key = 'm4'",
    f"update {MESSAGES} set template = '' where message_key = 'm6'",
    f"update {MESSAGES} set send_not_after = send_not_before where message_key = 'm1'",
    f"insert into {MESSAGES} by name select * replace ('n8' as message_key) from {MESSAGES} where message_key = 'm8'",
    "insert into engine.delivery_changes (message_key, state) values ('m3', 'accepted')",
    """insert into engine.suppressions values ('i', 1, 'c10@example.com', null, 'default', 'all', 'complaint', 'x',
       false, timestamp '2026-03-01 10:00', timestamp '2026-03-01 10:00')""",
    "delete from activation.dim_consents where contact_point_id = 'k12'",
]
TYPES = {"int64": "bigint", "int32": "integer", "string": "text", "bool": "boolean", "timestamp[us]": "timestamp"}


@pytest.fixture
def postgres(postgres_url: str) -> Settings:
    settings = Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": postgres_url})
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
    return settings


def copy(shop: Any, postgres: Settings) -> None:
    """Every table of the file, as it is."""
    with shop.open() as source, open_warehouse(postgres) as target:
        target.execute("create schema activation")
        for row in source.rows("select table_schema, table_name from information_schema.tables"):
            _copy_table(source, target, row["table_schema"], row["table_name"])


def _copy_table(source: Warehouse, target: Warehouse, schema: str, table: str) -> None:
    batches = list(source.read(f"select * from {schema}.{table}"))
    if not target.has_table(schema, table):
        fields: pa.Schema = batches[0].schema
        columns = ", ".join(f'"{field.name}" {TYPES[str(field.type)]}' for field in fields)
        target.execute(f"create table {schema}.{table} ({columns})")
    target.append(schema, table, batches)


def suites(dialect: Dialect) -> list[Suite]:
    limits = Limits()
    triggers = [trigger_suite(name, "activation", AS_OF, limits, dialect) for name in ("welcome", "winback")]
    sources = source_suites(AS_OF, limits, dialect=dialect)
    return [*sources, *triggers, handover_suite("activation", AS_OF, dialect)]


def told(checks: list[Check]) -> dict[tuple[str, str], Any]:
    """What a check says, whatever the warehouse; an error of it is shown in place of its finding."""
    return {(check.suite, check.rule): check.error or (check.passed, check.scopes, check.observed) for check in checks}


def test_what_is_in_order_passes(shop: Any, postgres: Settings, tmp_path: Path) -> None:
    """Both gates pass, clear their scopes, and write Data Docs that hold no password."""
    copy(shop, postgres)
    url, connect_with = warehouse_address(postgres)
    password = connect_with["password"]
    assert password not in url
    for kind in ("sources_and_triggers", "handover"):
        report = run_gates(
            kind,  # type: ignore[arg-type]
            warehouse_url=url,
            connect_with=connect_with,
            schema="activation",
            triggers=["welcome", "winback"],
            run_id=1,
            as_of=AS_OF,
            docs_folder=tmp_path / "data_docs",
            context_folder=tmp_path / "context",
        )
        assert [(check.rule, check.error) for check in report.checks if not check.passed] == []
        assert report.cleared == ("all", "trigger:welcome", "trigger:winback")
    pages = [path for path in tmp_path.rglob("*") if path.is_file() and "duckdb" not in path.name]
    assert len(pages) > 10
    assert [path for path in pages if password.encode() in path.read_bytes()] == []


def test_what_is_broken_is_found_alike(shop: Any, check_suite: Callable[..., list[Check]], postgres: Settings) -> None:
    """Rule by rule the same finding, scope and number of rows; and every rule is broken, but for four simple ones."""
    shop.change(*BREACHES)
    copy(shop, postgres)
    url, connect_with = warehouse_address(postgres)
    ours: dict[tuple[str, str], Any] = {}
    for suite in suites(DUCKDB):
        ours |= told(check_suite(suite))
    with Session(url, shop.folder / "pq", shop.folder / "pd", "run", AS_OF, connect_with) as session:
        theirs = told([check for suite in suites(POSTGRES) for check in session.check(suite)])
    assert theirs == ours
    kept = {rule for (suite, rule), (passed, *_) in ours.items() if passed and suite != "trigger_winback"}
    assert kept <= {
        "events keep arriving",
        "occurred_at is filled",
        "eligible_at is filled",
        "expires_at is filled",
    } | {rule for (_, rule), (passed, *_) in ours.items() if not passed}
