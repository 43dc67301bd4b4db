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
       ),
       decided as (
           select occurrence_id, trigger_id, i, 1 as run_id, timestamp '2026-02-27' as decided_at,
               'over_volume' as verdict, 'over_volume' as reason from v
           union all
           select occurrence_id, trigger_id, i, 41, timestamp '2026-03-01',
               case when i % 10 < 5 then 'send' when i % 10 = 5 then 'held_out_trigger'
                   when i % 10 = 6 then 'no_consent' when i % 10 = 7 then 'expired' when i % 40 = 8 then 'deferred_cap'
                   when i % 40 = 18 then 'outranked' when i % 40 = 28 then 'awaiting_approval'
                   when i % 40 = 38 then 'deferred_quiet_hours'
                   else 'before_live' end,
               case when i % 10 = 6 then 'never_granted' when i % 40 = 8 then 'cap_reached'
                   when i % 40 = 18 then 'outranked' when i % 40 = 28 then 'awaiting_approval'
                   when i % 40 = 38 then 'quiet_hours' end from v
       )
       select 'd' || run_id || '/' || i as decision_id, occurrence_id, '' as leg, 'c' || i as customer_id, trigger_id,
           run_id, decided_at, verdict, reason, verdict = 'expired' as is_final,
           case when verdict in ('deferred_cap', 'outranked') then 'marketing_week' end as cap,
           case when verdict = 'outranked' then 'welcome_series' end as outranked_by_trigger_id,
           case when verdict = 'awaiting_approval' then md5('plan' || i // 2000) end as plan_digest,
           case when verdict = 'send' and trigger_id = 'win_back' then 'news' end as digest,
           case when verdict = 'send' then 'd41/' || if(trigger_id = 'win_back' and i % 10 = 1, i - i % 100 + 1, i) end
               as carrier_decision_id
       from decided""",
    """create table activation.act_reasons as
       select * from (values ('quiet_hours', 'Nothing of its purpose and channel goes there at this hour'),
           ('outranked', 'The cap went to others of this run'), ('cap_reached', 'Earlier messages used the cap up'),
           ('awaiting_approval', 'More people than its policy lets go without a human yes')
           ) as r(reason, description)""",
    """create table activation.act_waits as
       select occurrence_id, leg, reason, timestamp '2026-03-02 07:00' + to_hours(cast(i % 3 as integer)) as waits_until
       from (select *, row_number() over (order by occurrence_id) as i from activation.act_decisions
           where run_id = 41 and reason = 'quiet_hours')""",
    """insert into engine.approvals by name
       select 'i' as incarnation, 1 as sequence, 'win_back' as trigger_id, md5('plan0') as plan_digest,
           'approve' as verdict, 'lena' as decided_by, 'fine' as note, 9 as person_count,
           timestamp '2026-03-01 08:00' as decided_at, timestamp '2026-03-01 09:00' as copied_at
       union all by name
       select 'i' as incarnation, 2 as sequence, 'win_back' as trigger_id, md5('plan0') as plan_digest,
           'refuse' as verdict, 'omar' as decided_by, 'after all not' as note, 9 as person_count,
           timestamp '2026-03-01 08:30' as decided_at, timestamp '2026-03-01 09:00' as copied_at""",
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
