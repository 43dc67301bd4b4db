"""A small warehouse in which everything is in order, for each test to break in one way."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from activation.quality import GateKind, GateReport, duckdb_url, run_gates
from activation.quality.model import Check, Suite
from activation.quality.session import Session
from activation.warehouses.duckdb import DuckDBWarehouse

AS_OF = datetime(2026, 3, 1, 12, 0)

STATEMENTS = [
    """insert into raw.events by name
       select 'e' || i as event_id, 'Product Viewed' as event_name, 'u' || (i % 50) as user_id,
           timestamp '2026-03-01 10:00' + to_seconds(i) as occurred_at, '{"product_id":"p1"}' as properties,
           1 as load_id, timestamp '2026-03-01 11:30' as loaded_at, timestamp '2026-03-01 11:30' as known_at
       from range(500) as r(i)""",
    """insert into raw.loads values (1, timestamp '2026-03-01 11:30', 'live', 'feed', 500, 500, 0, 0, 0)""",
    """insert into raw.customers
       select 'c' || i, '{"birth_date":"' || cast(date '1970-01-01' + cast(i as integer) as varchar) || '"}',
           timestamp '2026-03-01 11:00', false, 1, timestamp '2026-03-01 11:30', timestamp '2026-03-01 11:30'
       from range(200) as r(i)""",
    """insert into raw.consents values ('k1:email:marketing:default',
       '{"brand":"default","channel":"email","contact_point_id":"k1","purpose":"marketing","status":"granted"}',
       timestamp '2026-03-01 11:00', false, 1, timestamp '2026-03-01 11:30', timestamp '2026-03-01 11:30')""",
    "create schema activation",
    """create table activation.trg_welcome as
       select 'c' || i as customer_id, 'k' || i as occurrence_key, 's' || i as series_key, 1 as step,
           timestamp '2026-03-01 12:00' - to_hours(i) as occurred_at,
           timestamp '2026-03-01 12:00' - to_hours(i) as eligible_at,
           timestamp '2026-03-09 12:00' - to_hours(i) as expires_at,
           cast(null as timestamp) as cancelled_at, '{"n":1}' as context
       from range(700) as r(i)""",
    "create table activation.trg_winback as select * from activation.trg_welcome",
    "create table activation.act_policies (trigger_id text, basis text)",
    "insert into activation.act_policies values ('welcome', 'consent'), ('winback', 'legitimate_interest')",
    """create table activation.dim_consents as
       select 'k' || i as contact_point_id, 'email' as channel, 'marketing' as purpose, 'default' as brand,
           'granted' as status, true as is_confirmed,
           timestamp '2026-02-01' as known_at from range(20) as r(i)""",
    """create table activation.act_messages as
       select 'm' || i as message_key, if(i % 2 = 0, 'welcome', 'winback') as trigger_id, '["o' || i || '"]'
           as occurrence_ids, 'c' || i as customer_id, 'marketing' as purpose, 'email' as channel,
           'c' || i || '@example.com' as contact_point, 'k' || i as contact_point_id, 'default' as brand,
           'welcome' as template, cast(null as text) as withdrawn_reason,
           timestamp '2026-03-01 12:00' as send_not_before, timestamp '2026-03-02 12:00' as send_not_after,
           timestamp '2026-03-01 12:00' as decided_at
       from range(20) as r(i)""",
]


class Shop:
    """The warehouse's file, statements to break it with, and its gates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "warehouse.duckdb"
        with self.open() as warehouse:
            warehouse.prepare()
        self.change(*STATEMENTS)

    def open(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.path, self.folder / "read.duckdb")

    def change(self, *statements: str) -> None:
        with self.open() as warehouse:
            for statement in statements:
                warehouse.execute(statement)

    def gate(self, kind: GateKind = "sources_and_triggers", run_id: int = 7, as_of: datetime = AS_OF) -> GateReport:
        return run_gates(
            kind,
            warehouse_url=duckdb_url(self.path),
            schema="activation",
            triggers=["welcome", "winback"],
            run_id=run_id,
            as_of=as_of,
            docs_folder=self.folder / "data_docs",
            context_folder=self.folder / "quality",
        )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def after(shop: Shop) -> Callable[..., GateReport]:
    """The gate's report after statements that break something."""

    def broken(*statements: str, kind: GateKind = "sources_and_triggers") -> GateReport:
        shop.change(*statements)
        return shop.gate(kind)

    return broken


@pytest.fixture
def check_suite(shop: Shop) -> Callable[..., list[Check]]:
    """One suite's checks after statements that break something, without pages."""

    def checked(suite: Suite, *statements: str) -> list[Check]:
        shop.change(*statements)
        store, pages = shop.folder / "quality", shop.folder / "data_docs"
        with Session(duckdb_url(shop.path), store, pages, "run", AS_OF) as session:
            return session.check(suite)

    return checked
