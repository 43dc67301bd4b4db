"""A warehouse with a long decided past and many occurrences that wait, made by SQL upon the tables that dbt made."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from activation.project import BuildVariables, DbtReport, Project
from activation.settings import Settings
from activation.warehouses import schema
from benchmarks import decided_rows

SOURCE = Path(__file__).parents[1]
# A Tuesday afternoon, at which every market permits messages.
NOW = datetime(2026, 3, 3, 14)
PAST_DAYS = 28
BEGAN = NOW - timedelta(days=PAST_DAYS + 1)
OPEN_EACH = 2
MEMORY_LIMIT = "2GB"
# The views of the engine's tables know the instant of the run, so they are made anew too.
DECISIONS = ("stg_engine__*", "path:models/activation/policies", "path:models/activation/decisions")
CAPS: tuple[dict[str, Any], ...] = (
    {"cap_id": "daily", "purpose": "marketing", "days": 1, "max_messages": 2},
    {"cap_id": "weekly", "purpose": "marketing", "days": 7, "max_messages": 4},
    {"cap_id": "monthly", "purpose": "marketing", "days": 30, "max_messages": 12},
    {"cap_id": "mails_daily", "channel": "email", "days": 1, "max_messages": 3},
    {"cap_id": "mails_weekly", "channel": "email", "days": 7, "max_messages": 6},
    {"cap_id": "texts_daily", "channel": "sms", "hours": 24, "max_messages": 1},
    {"cap_id": "offers_weekly", "cap_group": "offers", "days": 7, "max_messages": 2},
    {"cap_id": "brand_monthly", "brand": "default", "days": 30, "max_messages": 15},
    {"cap_id": "address_daily", "per": "contact_point", "days": 1, "max_messages": 3},
    {"cap_id": "address_monthly", "per": "contact_point", "days": 30, "max_messages": 20},
)
TRIGGERS: tuple[dict[str, Any], ...] = (
    {"priority": "high", "salt": "first"},
    {"priority": "medium", "salt": "first", "cap_group": "offers"},
    {"priority": "medium", "salt": "second", "cap_group": "offers", "max_volume": 10_000_000},
    {"priority": "low", "salt": "second", "approval": 10_000_000},
    {"priority": "low", "salt": "third", "channels": ["sms", "email"]},
    {"priority": "critical", "purpose": "transactional"},
)
TRIGGER_SQL = """
select
    customer_id,
    customer_id as occurrence_key,
    customer_id as series_key,
    cast(1 as {{ dbt.type_bigint() }}) as step,
    {{ as_of() }} as occurred_at,
    {{ as_of() }} as eligible_at,
    {{ as_of() }} as expires_at,
    {{ as_of() }} as cancelled_at,
    customer_id as context
from {{ affected(ref('int_unit_customers')) }}
where 1 = 0
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many occurrences wait, how many messages went out, and how many of those that wait are one person's."""

    open: int
    past: int
    one_person: bool = False

    @property
    def customers(self) -> int:
        return max(10, self.open // OPEN_EACH)

    @property
    def written_to(self) -> int:
        """The customers who ever got something: four of five."""
        return self.customers * 4 // 5


@dataclass(frozen=True, slots=True)
class Variables(BuildVariables):
    """What a build is told, and the caps of this house."""

    house: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(json.loads(BuildVariables.as_json(self)) | self.house)


@dataclass(slots=True)
class Arena:
    """A home with a copy of the project that has triggers of its own, and its warehouse."""

    home: Path
    sizes: Sizes
    run_id: int = PAST_DAYS - 1
    project: Project = field(init=False)

    def __post_init__(self) -> None:
        copy = self.home / "project"
        shutil.copytree(SOURCE / "dbt_project", copy / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
        _limit_memory(copy / "dbt_project" / "profiles.yml")
        for number, policy in enumerate(TRIGGERS, 1):
            _write_trigger(copy / "dbt_project/models/triggers", number, policy)
        environ = {"ACTIVATION_HOME": str(self.home), "ACTIVATION_PROJECT": str(copy)}
        self.project = Project(Settings.from_environ(environ))

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.project.settings.warehouse_path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            yield connection

    def make(self) -> None:
        """Have dbt make every table, empty."""
        with self.connected() as connection:
            for statement in schema.statements():
                connection.execute(statement)
            connection.execute(
                "insert into raw.loads by name select 1 as load_id, cast($1 as timestamp) as loaded_at,"
                " 'history' as mode",
                [NOW - timedelta(days=60)],
            )
        began = self._variables(BEGAN, 0)
        _passed(self.project.seed(began, "live"))
        _passed(self.project.run(began, target="live"))

    def fill(self) -> None:
        """Put people, past and present into the tables."""
        with self.connected() as connection:
            for statement in _filling(self.sizes):
                connection.execute(statement)
            connection.execute("checkpoint")

    def decide(self, now: datetime) -> None:
        """Run the models of the decisions as the next live run would."""
        self.run_id += 1
        _passed(self.project.run(self._variables(now, self.run_id), target="live", select=" ".join(DECISIONS)))

    def announce(self, now: datetime) -> None:
        """Copy the ledger after the run was announced."""
        with self.connected() as connection:
            connection.execute(
                "insert into engine.runs by name select $1 as run_id, 'batch' as lane, cast($2 as timestamp) as as_of,"
                " 'live' as mode, cast($2 as timestamp) as announced_at",
                [self.run_id, now],
            )

    def seconds(self) -> dict[str, float]:
        """What each model of the last run took, by dbt's own record."""
        written = self.project.settings.home / "dbt/live/run_results.json"
        results = json.loads(written.read_text(encoding="utf-8"))["results"]
        return {one["unique_id"].rpartition(".")[2]: float(one["execution_time"]) for one in results}

    def waiting(self) -> str:
        """A query of the firings that were not decided yet: customer_id, eligible_at."""
        tables = " union all ".join(
            f"select customer_id, occurrence_key, eligible_at from activation.trg_bench_{number}"
            for number in range(1, len(TRIGGERS) + 1)
        )
        return f"select customer_id, eligible_at from ({tables}) where starts_with(occurrence_key, 'waiting')"

    def verdicts(self) -> int:
        """How many rows the record of the decisions has."""
        return self._count("select count(*) from activation.act_decisions")

    def sends(self) -> int:
        """How many of them the newest run decided to send."""
        newest = "select count(*) from activation.act_decisions where verdict = 'send' and run_id = "
        return self._count(f"{newest}{self.run_id}")

    def _count(self, query: str) -> int:
        with self.connected() as connection:
            found = connection.execute(query).fetchone()
            return int(found[0]) if found else 0

    def _variables(self, now: datetime, run_id: int) -> Variables:
        return Variables(str(now), run_id, "live", "dev", house={"caps": list(CAPS)})


def _filling(sizes: Sizes) -> list[str]:
    """Past messages were spread evenly over days and people; whoever waits does so for two triggers at once."""
    day = f"(range * {PAST_DAYS} // {max(1, sizes.past)})"
    past = decided_rows.firings(
        range(sizes.past),
        "past",
        f"range % {sizes.written_to}",
        f"(range % {sizes.written_to} + range // {sizes.written_to}) % {len(TRIGGERS)}",
        f"24 * ({PAST_DAYS - 1} - {day}) + 12",
        NOW,
    )
    who = "0" if sizes.one_person else f"range // {OPEN_EACH}"
    which = f"(range // {OPEN_EACH} + range % {OPEN_EACH} * (1 + range % 5)) % {len(TRIGGERS)}"
    waiting = decided_rows.firings(range(sizes.open), "waiting", who, which, "range % 5", NOW)
    salts = {str(one["salt"]): f"bench_{number}" for number, one in enumerate(TRIGGERS, 1) if "salt" in one}
    return [
        *decided_rows.customers(sizes.customers, NOW),
        past,
        "alter table past add column run_id bigint default 0",
        "alter table past add column unit_id text",
        f"""
        update past set
            run_id = 1 + k * {PAST_DAYS} // {max(1, sizes.past)},
            unit_id = (select unit_id from activation.int_units as units where units.customer_id = past.customer_id)
        """,
        waiting,
        *decided_rows.triggers("past", len(TRIGGERS)),
        *decided_rows.triggers("waiting", len(TRIGGERS)),
        f"update activation.act_launches set live_from = timestamp '{BEGAN}'",
        decided_rows.occurrences("past", "run_id"),
        *decided_rows.messages("past", f"bench_{len(TRIGGERS)}"),
        decided_rows.assignments(salts, "global:2026q1"),
        *decided_rows.runs(PAST_DAYS, NOW),
    ]


def _passed(report: DbtReport) -> None:
    if not report.passed:
        raise SystemExit(f"The build failed: {report.failures}")


def _limit_memory(profiles: Path) -> None:
    found = yaml.safe_load(profiles.read_text(encoding="utf-8"))
    for output in found["activation"]["outputs"].values():
        output["settings"] = {**output["settings"], "memory_limit": MEMORY_LIMIT, "threads": 2}
    profiles.write_text(yaml.safe_dump(found), encoding="utf-8")


def _write_trigger(folder: Path, number: int, policy: Mapping[str, Any]) -> None:
    name, policy = f"bench_{number}", dict(policy)
    salt, channels = policy.pop("salt", None), policy.pop("channels", ["email"])
    is_marketing = policy.get("purpose") is None
    trigger = {
        "id": name,
        "kind": "behavioural" if is_marketing else "transactional",
        "purpose": "marketing",
        "basis": "consent" if is_marketing else "contract",
        "channels": {"names": channels},
        "templates": dict.fromkeys(channels, name),
        "sender": "shop",
        "owner": "shop",
        "goal": {"event": "Order Completed", "window": "7d", "value": "total"},
        **policy,
        **({"experiment": {"salt": salt, "holdout": 0.1}} if salt else {}),
    }
    model = {
        "name": f"trg_{name}",
        "description": "One row per firing.",
        "config": {"meta": {"trigger": trigger}},
    }
    (folder / f"trg_{name}.sql").write_text(TRIGGER_SQL, encoding="utf-8")
    (folder / f"trg_{name}.yml").write_text(yaml.safe_dump({"models": [model]}), encoding="utf-8")
