"""A small warehouse with something to report in every section."""

from datetime import datetime
from pathlib import Path

import pytest

from activation.warehouses.duckdb import DuckDBWarehouse

AS_OF = datetime(2026, 3, 1, 12, 0)

STATEMENTS = [
    """insert into raw.events (event_id, occurred_at)
       select 'e' || i, timestamp '2026-02-01' from range(12345) as r(i)""",
    """insert into raw.loads
       select i, timestamp '2026-02-20 03:00' + to_hours(12 * i), 'live', 'landing/events-' || i || '.parquet',
           1000 + i, 990, 6, 3 + i % 4, 1 from range(1, 26) as r(i)""",
    """insert into engine.runs values (41, 'batch', timestamp '2026-03-01 12:00', 'live', null, null, null)""",
    """insert into engine.quality_blocks values
       ('sources_and_triggers/trigger:win_back/41', 'trigger:win_back',
        'trigger_win_back: does not hold: occurrence_key is unique (2 rows)', 'critical', 41,
        timestamp '2026-03-01 12:00', timestamp '2026-03-02 12:00'),
       ('old', 'all', 'long over', 'critical', 1, timestamp '2026-01-01', timestamp '2026-01-02')""",
    """insert into engine.audience_members by name
       select 'i' as incarnation, row_number() over () as sequence, 'lapsed' as audience_id,
           'audience_files' as destination, 'c' || i as member_id, if(k = 0, 'add', 'remove') as action,
           if(i % 9 = 0, 'submitted', 'confirmed') as state,
           timestamp '2026-02-01' + to_days(cast(i // 40 + 9 * k as integer)) as changed_at
       from range(900) as r(i), range(2) as s(k) where k = 0 or i % 3 = 0""",
    "create schema activation",
    "create table activation.dim_customers as select 'c' || i as customer_id from range(4321) as r(i)",
    """create table activation.act_occurrences as
       select 'o' || i as occurrence_id, 'simulation' as environment,
           ['welcome_series', 'cart_abandonment', 'win_back', 'order_confirmation'][1 + (i * 7 + i // 11) % 4]
               as trigger_id,
           timestamp '2026-03-01 10:00' - to_hours(cast(pow(i, 0.9) as integer)) as eligible_at
       from range(4000) as r(i)""",
    """create table activation.act_decisions as
       with v as (
           select *, row_number() over () as i from activation.act_occurrences
       )
       select occurrence_id, trigger_id, 1 as run_id, timestamp '2026-02-27' as decided_at,
           'deferred_quiet_hours' as verdict, 'night' as reason from v
       union all
       select occurrence_id, trigger_id, 41, timestamp '2026-03-01',
           case when i % 10 < 5 then 'send' when i % 10 = 5 then 'held_out_trigger' when i % 10 = 6 then 'no_consent'
               when i % 10 = 7 then 'expired' when i % 10 = 8 then 'deferred_cap' else 'before_live' end,
           case i % 10 when 8 then 'marketing_week' when 6 then 'email' end from v""",
    """create table activation.act_deliveries as
       select md5('m' || i) as message_key, ['welcome_series', 'cart_abandonment', 'order_confirmation'][1 + i % 3]
               as trigger_id, 'email' as channel, if(i % 5 = 0, null, 'inbox') as destination,
           case when i % 97 = 0 then 'unknown' when i % 31 = 0 then 'rejected' when i % 5 = 0 then 'planned'
               else 'accepted' end as state, if(i % 97 = 0, 'the answer was lost', null) as reason,
           timestamp '2026-03-01 11:00' - to_minutes(i) as changed_at
       from range(1500) as r(i)""",
    """create table activation.act_worklist as
       select 'order_confirmation' as trigger_id, 'c' || i as customer_id, 'o' || i as occurrence_id,
           if(i % 2 = 0, 'no_contact_point', 'in_doubt') as reason, timestamp '2026-03-01 11:00' - to_hours(i) as since
       from range(60) as r(i)""",
    """create table activation.fct_experiment_units as
       with units as (
           select i, ['cart-2026', 'welcome-2026', 'win-back-2026'][1 + i % 3] as experiment_id,
               if(i // 3 % 10 < 2, 'held_out', 'treated') as arm, hash(i) % 100 as luck
           from range(9000) as r(i)
       )
       select experiment_id, 'u' || i as unit_id, arm,
           case when arm = 'treated' then if(i // 30 % 2 = 0, 'short', 'long') end as variant,
           experiment_id <> 'win-back-2026' or i % 40 = 2 as is_window_closed,
           i in (3, 33) as has_two_arms,
           if(luck < if(arm = 'treated', 17, 10), 1, 0) as goal_count,
           if(luck < if(arm = 'treated', 17, 10), 20 + i % 70, 0)::double as goal_amount
       from units""",
]


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """With tables but without a row, as after the first start."""
    opened = DuckDBWarehouse(tmp_path / "warehouse.duckdb", tmp_path / "read.duckdb")
    opened.prepare()
    return opened


@pytest.fixture
def shop(warehouse: DuckDBWarehouse) -> DuckDBWarehouse:
    """With something in every section."""
    for statement in STATEMENTS:
        warehouse.execute(statement)
    return warehouse
