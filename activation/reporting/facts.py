"""The figures of the report, read from the warehouse one section at a time."""

# ruff: noqa: S608 - the schema is a checked identifier of ours, values are bound

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activation.errors import WarehouseError
from activation.policy import IDENTIFIER
from activation.warehouses.base import Warehouse
from activation.warehouses.schema import RAW

Row = dict[str, Any]
DAYS_SHOWN = 90
LOADS_SHOWN = 20
DOUBTS_SHOWN = 50
WORK_SHOWN = 50
SENT_STATES = "('accepted', 'delivered')"
PLANS_SHOWN = 50
BEFORE_LIVE = "before_live"
HELD_OUT_VERDICTS = "('held_out_trigger', 'held_out_global')"
IS_HELD_BACK = f"verdict not in ('send', '{BEFORE_LIVE}') and verdict not in {HELD_OUT_VERDICTS}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one question gave; `note` says why it gave nothing."""

    rows: list[Row] = field(default_factory=list)
    note: str = ""


class Reader:
    """Asks the warehouse; what is missing or cannot be read is a note, never an error."""

    def __init__(self, warehouse: Warehouse, schema: str, as_of: datetime, raw_schema: str = RAW) -> None:
        for name in (schema, raw_schema):
            if not re.match(IDENTIFIER, name):
                raise WarehouseError(f"{name!r} cannot name a schema.", "Use a-z, 0-9 and _ only.")
        self.warehouse = warehouse
        self.schema = schema
        self.as_of = as_of
        self.raw_schema = raw_schema

    def ask(self, tables: Sequence[str], query: str, **parameters: Any) -> Facts:
        """The rows of a query, in which `{name}` stands for a table of the models' schema."""
        missing = [name for name in tables if not self._has(name)]
        if missing:
            return Facts(note="Nothing yet.")
        located = {name: ".".join(self._place(name)) for name in tables}
        text = re.sub(r"\{([\w.]+)\}", lambda match: located[match[1]], query)
        try:
            rows = self.warehouse.rows(text, parameters or None)
        except WarehouseError as error:
            return Facts(note=f"This could not be read: {error.message}")
        return Facts(rows, "" if rows else "Nothing yet.")

    def count(self, table: str, condition: str = "true") -> int | None:
        """How many rows of a table meet a condition; None when the table is missing."""
        found = self.ask([table], f"select count(*) as n from {{{table}}} where {condition}")
        return int(found.rows[0]["n"]) if found.rows else None

    def _has(self, table: str) -> bool:
        return self.warehouse.has_table(*self._place(table))

    def _place(self, table: str) -> tuple[str, str]:
        """The schema and name of a table that is called by its name alone, or with `raw.` or `engine.` before it."""
        schema, _, name = table.rpartition(".")
        return self.raw_schema if schema == RAW else schema or self.schema, name


# What is decided for each channel has a verdict for each.
LATEST_DECISIONS = """(
    select *, row_number() over (
        partition by occurrence_id, coalesce(leg, '') order by decided_at desc, run_id desc
    ) as recency
    from {act_decisions}
) as numbered where recency = 1"""

LATEST_MEMBERS = """(
    select *, row_number() over (
        partition by audience_id, destination, member_id order by sequence desc, copied_at desc
    ) as recency
    from {engine.audience_members}
) as numbered where recency = 1"""


def newest_run(reader: Reader) -> Facts:
    """One row: the newest run."""
    return reader.ask(
        ["engine.runs"],
        "select run_id, lane, as_of, mode from {engine.runs} order by run_id desc, copied_at desc limit 1",
    )


def environments(reader: Reader) -> Facts:
    """One row per environment that occurrences were recorded in."""
    return reader.ask(["act_occurrences"], "select distinct environment from {act_occurrences} order by environment")


def occurrences_by_day(reader: Reader) -> Facts:
    """One row per trigger and day of the last days shown, by when the occurrence became due."""
    return reader.ask(
        ["act_occurrences"],
        """select trigger_id, cast(eligible_at as date) as day, count(*) as occurrences from {act_occurrences}
        where eligible_at > $since group by trigger_id, cast(eligible_at as date) order by day, trigger_id""",
        since=reader.as_of - timedelta(days=DAYS_SHOWN),
    )


def occurrences_by_trigger(reader: Reader) -> Facts:
    """One row per trigger: how many occurrences it has ever had."""
    return reader.ask(
        ["act_occurrences"],
        "select trigger_id, count(*) as occurrences from {act_occurrences} group by trigger_id order by trigger_id",
    )


def verdicts(reader: Reader) -> Facts:
    """One row per trigger, verdict and reason, of the latest decision on each leg of an occurrence."""
    return reader.ask(
        ["act_decisions"],
        f"""select trigger_id, verdict, coalesce(reason, '') as reason, count(*) as occurrences
        from {LATEST_DECISIONS}
        group by trigger_id, verdict, coalesce(reason, '') order by trigger_id, occurrences desc, verdict""",
    )


def held_back(reader: Reader) -> Facts:
    """One row per trigger, leg, reason, cap and winning trigger, of what is neither sent nor held out.

    Since when the longest of them is, and between which instants the hours let go those that wait for a time.
    """
    return reader.ask(
        ["act_decisions", "act_reasons", "act_waits"],
        f"""select latest.trigger_id, coalesce(latest.leg, '') as leg, latest.verdict, latest.is_final, latest.reason,
            coalesce(reasons.description, latest.reason) as description, coalesce(latest.cap, '') as cap,
            coalesce(latest.outranked_by_trigger_id, '') as outranked_by, count(*) as occurrences,
            min(latest.decided_at) as since, min(waits.waits_until) as opens_first, max(waits.waits_until) as opens_last
        from (select * from {LATEST_DECISIONS} and {IS_HELD_BACK}) as latest
        left join {{act_reasons}} as reasons on reasons.reason = latest.reason
        left join {{act_waits}} as waits
            on waits.occurrence_id = latest.occurrence_id
                and waits.leg = coalesce(latest.leg, '')
                and waits.reason = latest.reason
        group by latest.trigger_id, coalesce(latest.leg, ''), latest.verdict, latest.is_final, latest.reason,
            coalesce(reasons.description, latest.reason), coalesce(latest.cap, ''),
            coalesce(latest.outranked_by_trigger_id, '')
        order by latest.trigger_id, latest.is_final, occurrences desc, latest.reason, leg, cap, outranked_by""",
    )


def plans(reader: Reader) -> Facts:
    """One row per plan under which a human was asked, the newest first: whom it holds, and who answered what."""
    return reader.ask(
        ["act_decisions", "engine.approvals"],
        f"""with asked as (
            select trigger_id, plan_digest, min(decided_at) as since, count(distinct customer_id) as people,
                count(distinct occurrence_id || '/' || coalesce(leg, '')) as messages
            from {{act_decisions}} where verdict = 'awaiting_approval' and plan_digest is not null
            group by trigger_id, plan_digest
        ),
        waiting as (
            select trigger_id, plan_digest, count(*) as waiting from {LATEST_DECISIONS}
                and verdict = 'awaiting_approval'
            group by trigger_id, plan_digest
        ),
        answers as (
            select *, row_number() over (
                partition by trigger_id, plan_digest order by sequence desc, copied_at desc
            ) as recency
            from {{engine.approvals}}
        )
        select asked.*, coalesce(waiting.waiting, 0) as waiting, coalesce(answers.verdict, '') as answer,
            answers.decided_by, answers.decided_at, count(*) over () as total
        from asked
        left join waiting on waiting.trigger_id = asked.trigger_id and waiting.plan_digest = asked.plan_digest
        left join answers
            on answers.trigger_id = asked.trigger_id and answers.plan_digest = asked.plan_digest
                and answers.recency = 1
        order by asked.since desc, asked.trigger_id, asked.plan_digest limit {PLANS_SHOWN}""",
    )


def digests(reader: Reader) -> Facts:
    """One row per digest, trigger whose message carries and trigger whose occurrences ride in it."""
    return reader.ask(
        ["act_decisions"],
        """select coalesce(carriers.digest, '') as digest, carriers.trigger_id as carrier,
            riders.trigger_id as rider, count(*) as occurrences, count(distinct carriers.decision_id) as messages
        from {act_decisions} as riders
        inner join {act_decisions} as carriers on carriers.decision_id = riders.carrier_decision_id
        where riders.carrier_decision_id <> riders.decision_id
        group by coalesce(carriers.digest, ''), carriers.trigger_id, riders.trigger_id
        order by digest, carrier, rider""",
    )


def deliveries(reader: Reader) -> Facts:
    """One row per destination, trigger and state of a message."""
    return reader.ask(
        ["act_deliveries"],
        """select coalesce(destination, 'not assigned') as destination, trigger_id, state, count(*) as messages
        from {act_deliveries}
        group by coalesce(destination, 'not assigned'), trigger_id, state order by destination, trigger_id, state""",
    )


def doubts(reader: Reader) -> Facts:
    """One row per message of which nobody knows whether it left, newest first."""
    return reader.ask(
        ["act_deliveries"],
        f"""select message_key, trigger_id, channel, destination, coalesce(reason, '') as reason, changed_at,
            count(*) over () as total
        from {{act_deliveries}} where state = 'unknown' order by changed_at desc limit {DOUBTS_SHOWN}""",
    )


def worklist(reader: Reader) -> Facts:
    """One row per occurrence that must go and cannot, the longest waiting first."""
    return reader.ask(
        ["act_worklist"],
        f"""select trigger_id, customer_id, occurrence_id, reason, since, count(*) over () as total
        from {{act_worklist}} order by since, occurrence_id limit {WORK_SHOWN}""",
    )


def experiment_arms(reader: Reader) -> Facts:
    """One row per experiment, arm and variant: all units, and the counts and moments of those with a closed window.

    Units that got two arms, by a merge of customers, are counted apart and in nothing else.
    """
    return reader.ask(
        ["fct_experiment_units"],
        """select experiment_id, arm, coalesce(variant, '') as variant,
            count(case when not has_two_arms then 1 end) as assigned,
            count(case when has_two_arms then 1 end) as contradictory,
            count(case when is_window_closed and not has_two_arms then 1 end) as units,
            count(case when is_window_closed and not has_two_arms and goal_count > 0 then 1 end) as goals,
            coalesce(sum(case when is_window_closed and not has_two_arms then goal_amount end), 0) as amount,
            coalesce(sum(case when is_window_closed and not has_two_arms
                then power(cast(goal_amount as double precision), 2) end), 0) as squares
        from {fct_experiment_units}
        group by experiment_id, arm, coalesce(variant, '') order by experiment_id, arm desc, variant""",
    )


def audience_members(reader: Reader) -> Facts:
    """One row per audience, destination, last action and state of a member."""
    return reader.ask(
        ["engine.audience_members"],
        f"""select audience_id, destination, action, state, count(*) as members from {LATEST_MEMBERS}
        group by audience_id, destination, action, state order by audience_id, destination, action, state""",
    )


def audience_sizes(reader: Reader) -> Facts:
    """One row per audience and day on which it changed: its members at the end of the day."""
    return reader.ask(
        ["engine.audience_members"],
        """with numbered as (
            select audience_id, destination, member_id, cast(changed_at as date) as day,
                case when action = 'remove' then 0 else 1 end as is_member,
                row_number() over (
                    partition by audience_id, destination, member_id, cast(changed_at as date) order by sequence desc
                ) as recency
            from {engine.audience_members} where state in ('submitted', 'confirmed')
        ),
        changes as (
            select * from numbered where recency = 1
        ),
        steps as (
            select audience_id, day, is_member - coalesce(lag(is_member) over (
                partition by audience_id, destination, member_id order by day), 0) as step
            from changes
        )
        select audience_id, day, cast(sum(sum(step)) over (
            partition by audience_id order by day) as bigint) as members
        from steps group by audience_id, day order by day, audience_id""",
    )


def blocks(reader: Reader) -> Facts:
    """One row per quality block in force."""
    return reader.ask(
        ["engine.quality_blocks"],
        """select scope, reason, severity, run_id, created_at, until from {engine.quality_blocks}
        where created_at <= $as_of and $as_of < until order by scope, created_at desc""",
        as_of=reader.as_of,
    )


def loads(reader: Reader) -> Facts:
    """One row per load, newest first."""
    return reader.ask(
        ["raw.loads"],
        f"""select load_id, loaded_at, mode, source, rows_read, rows_loaded, rows_duplicate, rows_quarantined,
            rows_skipped
        from {{raw.loads}} order by load_id desc, source limit {LOADS_SHOWN}""",
    )


TILES: Mapping[str, Callable[[Reader], int | None]] = {
    "Events": lambda reader: reader.count("raw.events"),
    "Customers": lambda reader: reader.count("dim_customers"),
    "Occurrences": lambda reader: reader.count("act_occurrences"),
    "Decided to send": lambda reader: _latest(reader, "verdict = 'send'"),
    "Accepted": lambda reader: reader.count("act_deliveries", f"state in {SENT_STATES}"),
    "In doubt": lambda reader: reader.count("act_deliveries", "state = 'unknown'"),
    "Held out": lambda reader: _latest(reader, f"verdict in {HELD_OUT_VERDICTS}"),
    "Held back": lambda reader: _latest(reader, IS_HELD_BACK),
}


def _latest(reader: Reader, condition: str) -> int | None:
    found = reader.ask(["act_decisions"], f"select count(*) as n from {LATEST_DECISIONS} and ({condition})")
    return int(found.rows[0]["n"]) if found.rows else None
