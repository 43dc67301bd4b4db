"""The models of the decision say what the plain reference says: random policies, people and runs, verdict by verdict.

How much is tried is set by the environment variables ACTIVATION_DECISION_CUSTOMERS and ACTIVATION_DECISION_RUNS.
"""

import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from activation.decisions.calendar import Calendar, Freeze, Holiday
from activation.decisions.holidays import refresh_holidays
from activation.decisions.reference import Decider, Facts, Records
from activation.decisions.reference import facts as known
from activation.decisions.seeds import read_time_seeds
from activation.policy import TriggerPolicy
from activation.policy.house import HousePolicy
from activation.project import warehouse_variables
from activation.settings import Settings
from activation.warehouses import open_warehouse, schema

pytestmark = pytest.mark.dbt

ROOT = Path(__file__).parents[2]
CUSTOMERS = int(os.environ.get("ACTIVATION_DECISION_CUSTOMERS", "300"))
RUNS = int(os.environ.get("ACTIVATION_DECISION_RUNS", "6"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHANNELS = ("email", "sms", "push")
BRANDS = ("default", "outlet")
# Where the year has its edges: clocks go forward and back, a quarter and a year end.
STARTS = (datetime(2026, 3, 27, 9), datetime(2026, 10, 23, 20), datetime(2026, 12, 29, 4), datetime(2026, 3, 6, 15))
HOMES = (
    known.Home("Europe/Berlin", "DE", None),
    known.Home("Europe/London", "GB", None),
    known.Home("America/New_York", "US", "NY"),
    known.Home("Africa/Cairo", "EG", None),
    known.Home("Asia/Kathmandu", None, None),
    known.Home("Australia/Lord_Howe", "AU", "NSW"),
    known.Home(None, "FR", None),
    known.Home(None, "US", "FL"),
    known.Home(None, "US", None),
    known.Home(None, None, None),
)
TRIGGER_COLUMNS = (
    "customer_id, occurrence_key, series_key, context, step, occurred_at, eligible_at, expires_at, cancelled_at"
)
COMPARED = (
    "customer_id",
    "unit_id",
    "trigger_id",
    "brand",
    "verdict",
    "reason",
    "channel",
    "contact_point_id",
    "address",
    "template",
    "variant",
    "assignment_id",
    "sender",
    "subject",
    "offer",
    "digest",
    "cap",
    "outranked_by_occurrence_id",
    "outranked_by_trigger_id",
    "carrier_decision_id",
    "plan_digest",
    "is_final",
    "send_not_before",
    "send_not_after",
)


# --- policies -------------------------------------------------------------------------------------------------------


def any_policy(chance: random.Random, number: int) -> dict[str, Any]:
    """A random valid policy, as its YAML says it."""
    purpose = chance.choice(["marketing"] * 4 + ["service", "transactional"])
    names = chance.sample(CHANNELS, chance.choice([1, 1, 2, 3]))
    basis = ["consent", "legitimate_interest"] if purpose == "marketing" else ["contract"]
    policy: dict[str, Any] = {
        "id": f"t{number:02}",
        "kind": "event",
        "purpose": purpose,
        "basis": chance.choice(basis),
        "brand": chance.choice((*BRANDS, "default")),
        "priority": chance.choice(["critical", "high", "medium", "low", 1, 5, 15]),
        "channels": {"mode": chance.choice(["first", "first", "all"]), "names": names},
        "templates": {name: f"t{number:02}/{name}" for name in names},
        "sender": "shop",
        "owner": "somebody",
        "quiet_hours": chance.choice(["defer", "defer", "advance", "drop"]),
        "on_cap": chance.choice(["defer", "drop"]),
        "time_to_live": chance.choice(["2h", "24h", "3d"]),
        "enabled": chance.random() > 0.05,
    }
    maybe: dict[str, Callable[[], Any]] = {
        "cap_group": lambda: chance.choice(["offers", "news"]),
        "reentry": lambda: chance.choice(["1d", "4h"]),
        "min_gap": lambda: chance.choice(["1h", "1d"]),
        "stale_after": lambda: chance.choice(["2h", "12h", "never"]),
        "max_volume": lambda: CUSTOMERS // chance.choice([3, 8, 40]) + 2,
        "live_from": lambda: chance.choice(["-2d", "-1h", "6h"]),
        "countries": lambda: chance.sample(["DE", "GB", "US", "FR", "AU"], 4),
        "ramp": lambda: chance.choice([60, 90, [{"percent": 70, "from": "2026-03-28 12:00"}]]),
        "send_window": lambda: any_window(chance),
    }
    policy |= {name: make() for name, make in maybe.items() if chance.random() < 0.2}
    if purpose != "transactional":
        others: dict[str, Callable[[], Any]] = {
            "digest": lambda: f"digest_{purpose}",
            "approval": lambda: chance.randrange(max(1, min(policy.get("max_volume", 99), CUSTOMERS // 20))),
            "send_time": lambda: {"within": chance.choice(["3h", "24h"]), "control": 0.25},
        }
        policy |= {name: make() for name, make in others.items() if chance.random() < 0.25}
    if purpose == "marketing" and chance.random() < 0.6:
        policy["experiment"] = any_experiment(chance, number, names)
        if any("channels" in variant for variant in policy["experiment"]["variants"]):
            policy["channels"]["mode"] = "first"
    if "min_gap" not in policy:
        policy["after_step"] = chance.choice(["previous", "none"])
    return policy


def amended(chance: random.Random, policy: dict[str, Any]) -> dict[str, Any]:
    """The same policy after somebody thought better of it."""
    changes: list[dict[str, Any]] = [
        {"enabled": not policy["enabled"]},
        {"priority": chance.choice([1, 2, 30])},
        {"version": policy.get("version", 1) + 1},
        {"on_cap": "defer", "quiet_hours": "defer"},
        {"max_volume": CUSTOMERS},
        {"countries": ["DE", "US"]},
        {"stale_after": "never", "time_to_live": "1h"},
    ]
    experiment = policy.get("experiment")
    if experiment and experiment["salt"] != "shared":
        changes.append({"experiment": experiment | {"holdout": 0.5}})
    if not any("channels" in variant for variant in (experiment or {}).get("variants", ())):
        mode = "first" if policy["channels"]["mode"] == "all" else "all"
        changes.append({"channels": policy["channels"] | {"mode": mode}})
    return policy | chance.choice(changes)


def any_window(chance: random.Random) -> dict[str, Any]:
    """Hours of a policy's own."""
    days = chance.sample(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], chance.choice([5, 6, 7]))
    start, end = chance.choice([("08:00", "12:15"), ("10:30", "20:00"), ("00:00", "24:00"), ("18:00", "23:45")])
    return {"from": start, "to": end, "days": days, "holidays": chance.random() < 0.5}


def any_experiment(chance: random.Random, number: int, names: list[str]) -> dict[str, Any]:
    """Held out, and treated in one way or in two, which may differ in everything; some triggers share a salt."""
    if chance.random() < 0.3:
        return {"salt": "shared", "holdout": 0.2, "variants": []}
    other: dict[str, Any] = {"name": "other", "weight": 50}
    variants: list[dict[str, Any]] = [{"name": "plain", "weight": 50}, other]
    if chance.random() < 0.5:
        other |= {"subject": "Look", "offer": "ten"}
    if chance.random() < 0.5:
        other |= {"sender": "boss", "delay": chance.choice(["2h", "1d"])}
    if chance.random() < 0.5:
        own = chance.sample(CHANNELS, chance.choice([1, 2]))
        other |= {"channels": own, "templates": {name: f"t{number:02}/other/{name}" for name in own}}
    else:
        other["templates"] = {names[0]: f"t{number:02}/other"}
    return {"salt": f"salt{number}", "holdout": chance.choice([0.0, 0.1, 0.333]), "variants": variants}


def any_house(chance: random.Random, start: datetime) -> dict[str, Any]:
    """Random variables of the house."""
    pool: list[dict[str, Any]] = [
        {"cap_id": "daily", "days": 1, "max_messages": 2},
        {"cap_id": "marketing_daily", "purpose": "marketing", "days": 1, "max_messages": 1},
        {"cap_id": "weekly", "days": 7, "max_messages": 3},
        {"cap_id": "texts", "channel": "sms", "hours": 24, "max_messages": 1},
        {"cap_id": "address", "per": "contact_point", "days": 2, "max_messages": 2},
        {"cap_id": "address_hours", "per": "contact_point", "hours": 30, "max_messages": 1, "brand": "outlet"},
        {"cap_id": "offers", "cap_group": "offers", "days": 30, "max_messages": 1},
        {"cap_id": "one_a_run", "runs": 1, "max_messages": 1, "purpose": "marketing"},
        {"cap_id": "us", "country": "US", "days": 3, "max_messages": 2},
        {"cap_id": "florida", "country": "US", "region": "FL", "hours": 48, "max_messages": 1},
        {"cap_id": "owed", "purpose": "transactional", "days": 1, "max_messages": 2},
        {"cap_id": "closed", "channel": "push", "brand": "outlet", "days": 1, "max_messages": 0},
    ]
    frozen = (start + chance.randrange(6) * DAY).date()
    freeze: dict[str, Any] = {"freeze_id": "f1", "from": str(frozen), "to": str(frozen + DAY)}
    freeze |= chance.choice([{}, {"purposes": ["marketing"]}, {"brands": ["outlet"]}, {"countries": ["DE", "US"]}])
    caps = chance.sample(pool, chance.randrange(2, 7))
    return {
        "caps": caps,
        "cap_exempt_purposes": chance.choice([["transactional"], ["transactional", "service"], []]),
        "freezes": [freeze] if chance.random() < 0.6 else [],
        "markets": chance.choice([["GB", "DE", "FR", "NL"], ["US"], ["DE"]]),
        "global_holdout_share": chance.choice([0.0, 0.1]),
        "contest_rounds": 16,
        "advance_lead_hours": chance.choice([2, 6]),
    }


# --- people ---------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """Everything that is known, as it changes from run to run, and random chance."""

    chance: random.Random
    policies: list[TriggerPolicy]
    now: datetime
    customers: dict[str, known.Customer] = field(default_factory=dict)
    points: dict[str, known.ContactPoint] = field(default_factory=dict)
    consents: list[known.ConsentChange] = field(default_factory=list)
    suppressions: list[known.SuppressionChange] = field(default_factory=list)
    pauses: list[known.PauseChange] = field(default_factory=list)
    blocks: list[known.Block] = field(default_factory=list)
    merges: list[known.Merge] = field(default_factory=list)
    deliveries: list[known.DeliveryChange] = field(default_factory=list)
    approvals: list[known.Approval] = field(default_factory=list)
    runs: list[known.Run] = field(default_factory=list)
    triggered: list[tuple[datetime, known.TriggerRow]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    hours: dict[str, dict[int, int]] = field(default_factory=dict)
    copied_at: datetime | None = None
    sequence: int = 0

    def next(self) -> int:
        """The ledger's next number."""
        self.sequence += 1
        return self.sequence

    def populate(self) -> None:
        """People of every sort, and reasons to write to them over the days to come."""
        for number in range(CUSTOMERS):
            self._add_customer(f"c{number:05}")
        for name in list(self.customers):
            self._add_points(name)
            for _ in range(self.chance.choice([0, 1, 3, 6, 10])):
                self._add_series(name)
            if self.chance.random() < 0.5:
                self.hours[name] = {hour: self.chance.randrange(1, 9) for hour in self.chance.sample(range(168), 30)}
        for point in self.points.values():
            for brand in BRANDS:
                self._say(point, brand, self.now - DAY)
        self._name_units()

    def change(self) -> None:
        """What happens between two runs."""
        for point in self._some(self.points, 0.1):
            self._say(point, self.chance.choice(BRANDS), self.now)
        for point in self._some(self.points, 0.02):
            self.points[point.contact_point_id] = replace(point, is_deleted=True)
        for point in self._some(self.points, 0.03):
            self._suppress(point)
        for customer in self._some(self.customers, 0.01):
            self.customers[customer.customer_id] = replace(customer, is_deleted=True)
        for customer in self._some(self.customers, 0.02):
            self.customers[customer.customer_id] = replace(customer, home=self.chance.choice(HOMES))
        for scope in sorted({pause.scope for pause in self.pauses}) if self.chance.random() < 0.6 else ():
            self.pauses.append(known.PauseChange(self.next(), scope, True, self.now))
        for scope in self.chance.sample(self._scopes(), self.chance.randrange(3)):
            self._stop(scope)
        for _ in range(max(1, CUSTOMERS // 60)):
            self._join(*self.chance.sample(sorted(self.customers), 2))
        self._name_units()
        self._cancel()

    def facts(self) -> Facts:
        """What is known now."""
        return Facts(
            customers=list(self.customers.values()),
            contact_points=list(self.points.values()),
            consents=self.consents,
            suppressions=self.suppressions,
            pauses=self.pauses,
            blocks=self.blocks,
            triggered=[row for known_at, row in self.triggered if known_at <= self.now],
            merges=self.merges,
            deliveries=self.deliveries,
            approvals=self.approvals,
            runs=self.runs,
            copied_at=self.copied_at,
            hours={name: scores for name, scores in self.hours.items() if name in self.customers},
        )

    def _some(self, things: dict[str, Any], share: float) -> list[Any]:
        return [thing for thing in list(things.values()) if self.chance.random() < share]

    def _add_customer(self, name: str) -> None:
        born = self.chance.choice([None] * 9 + [date(1980, 5, 5), date(2010, 3, 28), date(2010, 4, 2)])
        self.customers[name] = known.Customer(name, name, self.chance.choice(HOMES), born)

    def _add_points(self, name: str) -> None:
        """None, one, one per channel, one of somebody else's, or fifty."""
        wanted = self.chance.choice(["none", "one", "each", "each", "each", "shared"])
        if self.chance.random() < 0.01:
            wanted = "many"
        channels = [self.chance.choice(CHANNELS)] if wanted in ("one", "many") else CHANNELS
        for channel in channels if wanted != "none" else ():
            for number in range(50 if wanted == "many" else self.chance.choice([1, 1, 2])):
                owner = self.chance.choice(sorted(self.customers)) if wanted == "shared" else name
                point_id = f"p{len(self.points):06}"
                is_valid, is_primary = self.chance.random() > 0.05, number == 0 and self.chance.random() > 0.2
                address = f"{owner}{number}@{channel}"
                self.points[point_id] = known.ContactPoint(point_id, name, channel, address, is_primary, is_valid)
                if owner != name and number == 0:
                    self._link(owner, name)

    def _add_series(self, name: str) -> None:
        """One occurrence, or the steps of a series, from shortly before the first run until the runs are over."""
        policy = self.chance.choice(self.policies)
        due = self.now + self.chance.random() * RUNS * 16 * HOUR - 4 * HOUR
        due = due.replace(microsecond=0) - timedelta(seconds=due.second % 60 if self.chance.random() < 0.5 else 0)
        series, late = f"{policy.id}:{name}:{len(self.triggered)}", self.chance.choice([0, 0, 0, 1])
        for step in range(1, self.chance.choice([1, 1, 1, 3]) + 1):
            due += self.chance.choice([0, 1, 5]) * HOUR
            ends = due + self.chance.choice([3 * HOUR, DAY, 4 * DAY, 20 * DAY])
            cancelled = due + self.chance.random() * 2 * DAY if self.chance.random() < 0.15 else None
            cancelled = cancelled.replace(microsecond=0) if cancelled else None
            row = known.TriggerRow(policy.id, name, f"{series}:{step}", series, step, due, ends, cancelled)
            ahead = due - DAY if policy.quiet_hours == "advance" else due
            self.triggered.append((due + self.chance.randrange(30) * HOUR if late else ahead, row))

    def _cancel(self) -> None:
        """Of what is yet to come, some is emitted no more."""
        self.triggered = [one for one in self.triggered if one[0] <= self.now or self.chance.random() > 0.01]

    def _say(self, point: known.ContactPoint, brand: str, at: datetime) -> None:
        status = self.chance.choice(["granted", "granted", "granted", "withdrawn", None])
        if status:
            is_confirmed = self.chance.random() > 0.1
            change = (point.contact_point_id, point.channel, brand, status, is_confirmed, at)
            self.consents.append(known.ConsentChange(*change))

    def _suppress(self, point: known.ContactPoint) -> None:
        purpose, is_lifted = self.chance.choice(["all", "marketing"]), self.chance.random() < 0.3
        channel, brand = self.chance.choice([None, point.channel]), self.chance.choice([None, "outlet"])
        scope = (point.address, purpose, channel, brand, is_lifted, self.now)
        self.suppressions.append(known.SuppressionChange(self.next(), *scope))

    def _scopes(self) -> list[str]:
        named = ["all", "channel:sms", "channel:email", "brand:outlet", "country:DE", "country:US"]
        return named + [f"trigger:{policy.id}" for policy in self.policies] * 5

    def _stop(self, scope: str) -> None:
        """A pause, which lasts until it is lifted; or a block, which ends by itself."""
        if self.chance.random() < 0.5:
            until = self.chance.choice([None, self.now + HOUR, self.now + DAY])
            until = self.now + 2 * HOUR if until is None and scope in ("all", "channel:email") else until
            self.blocks.append(known.Block(scope, self.now, until))
        else:
            self.pauses.append(known.PauseChange(self.next(), scope, scope == "all", self.now))

    def _join(self, one: str, other: str) -> None:
        """Two customers are found to share something, or to be one."""
        if self.chance.random() < 0.5:
            self._link(one, other)
            return
        left, gone = sorted((one, other), key=lambda _: self.chance.random())
        self._link(one, other)
        del self.customers[gone]
        self.merges = [replace(each, survivor_id=left) if each.survivor_id == gone else each for each in self.merges]
        self.merges.append(known.Merge(gone, left, self.now))
        for point in list(self.points.values()):
            if point.customer_id == gone:
                self.points[point.contact_point_id] = replace(point, customer_id=left)
        self.triggered = [
            (known_at, replace(row, customer_id=left) if row.customer_id == gone else row)
            for known_at, row in self.triggered
        ]

    def _link(self, one: str, other: str) -> None:
        self.links[self._root(one)] = self._root(other)

    def _root(self, name: str) -> str:
        while name in self.links and self.links[name] != name:
            name = self.links[name]
        return name

    def _name_units(self) -> None:
        """A unit is named after its first customer who is left."""
        names: dict[str, str] = {}
        for name in sorted(self.customers):
            names.setdefault(self._root(name), name)
        for name, customer in self.customers.items():
            if customer.unit_id != names[self._root(name)]:
                self.customers[name] = replace(customer, unit_id=names[self._root(name)])


# --- the warehouse --------------------------------------------------------------------------------------------------


def copied_project(folder: Path, policies: Sequence[dict[str, Any]]) -> Path:
    """The dbt project with other triggers, which show the rows of one table, and without what feeds the decisions."""
    project = folder / "dbt_project"
    shutil.copytree(ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs", "tests"))
    for path in (project / "models").rglob("*.*"):
        if not any(path.match(pattern) for pattern in KEPT):
            path.unlink()
        elif path.suffix == ".yml":
            content = without_tests(yaml.safe_load(path.read_text(encoding="utf-8")))
            path.write_text(yaml.safe_dump(content), encoding="utf-8")
    (project / "models/triggers").mkdir(exist_ok=True)
    for policy in policies:
        name = f"trg_{policy['id']}"
        rows = "{{ target.schema }}.oracle_occurrences"
        query = f"select {TRIGGER_COLUMNS} from {rows} where trigger_id = '{policy['id']}'"
        write_model(project, name, query, {"config": {"meta": {"trigger": policy}}})
    names = [f"trg_{policy['id']}" for policy in policies]
    (project / "macros/generated/trigger_models.sql").write_text(trigger_models(names), encoding="utf-8")
    macro = "{% macro audience_models() -%}\n{{ return([]) }}\n{%- endmacro %}\n"
    (project / "macros/generated/audience_models.sql").write_text(macro, encoding="utf-8")
    present = {path.stem for path in project.rglob("*.sql")} | {path.stem for path in project.rglob("*.csv")}
    for name in sorted(referred(project) - present):
        write_model(project, name, "select 1 as nothing", {})
    return project


def trigger_models(names: Sequence[str]) -> str:
    """The generated list of triggers."""
    return f"{{% macro trigger_models() -%}}\n{{{{ return({list(names)}) }}}}\n{{%- endmacro %}}\n"


def referred(project: Path) -> set[str]:
    """The models that the project's SQL names."""
    return {name for path in project.rglob("*.sql") for name in re.findall(r"ref\('(\w+)'\)", path.read_text("utf-8"))}


def without_tests(content: Any) -> Any:
    """A YAML without tests, whose models may not be there."""
    if isinstance(content, list):
        return [without_tests(one) for one in content]
    if isinstance(content, dict):
        return {name: without_tests(one) for name, one in content.items() if name not in ("unit_tests", "data_tests")}
    return content


def write_model(project: Path, name: str, query: str, described: dict[str, Any]) -> None:
    """A view among the triggers."""
    path = project / f"models/triggers/{name}"
    path.with_suffix(".sql").write_text("{{ config(materialized='view') }}\n" + query, encoding="utf-8")
    path.with_suffix(".yml").write_text(yaml.safe_dump({"models": [{"name": name, **described}]}), encoding="utf-8")


KEPT = (
    "activation/decisions/*",
    "activation/decisions/*/*",
    "activation/policies/*",
    "staging/_engine__sources.yml",
    "staging/stg_engine__*",
    "intermediate/int_suppressions.*",
    "intermediate/int_customer_places.*",
)
# What stands upstream of the decisions, as far as they read it.
INPUTS = {
    "oracle_occurrences": (
        "trigger_id text, customer_id text, occurrence_key text, series_key text, context text, step bigint, "
        "occurred_at timestamp, eligible_at timestamp, expires_at timestamp, cancelled_at timestamp"
    ),
    "dim_customers": (
        "customer_id text, first_name text, last_name text, locale text, country_code text, region text, "
        "timezone text, is_timezone_known boolean, is_deleted boolean, birth_date date"
    ),
    "dim_contact_points": (
        "contact_point_id text, customer_id text, channel text, contact_point text, is_primary boolean, "
        "is_valid boolean, is_deleted boolean"
    ),
    "dim_consents": (
        "contact_point_id text, channel text, brand text, purpose text, status text, is_confirmed boolean, "
        "changed_at timestamp"
    ),
    "int_customer_profiles": (
        "customer_id text, country_code text, region text, timezone text, is_timezone_known boolean"
    ),
    "int_customer_hours": "customer_id text, hour_of_week bigint, score bigint",
    "int_unit_customers": "customer_id text, known_at timestamp",
    "int_units": "customer_id text, unit_id text, known_at timestamp",
    "int_customer_merges": "absorbed_customer_id text, customer_id text, known_at timestamp",
    "int_crowded_identities": "identity_kind text, identity_id text",
}


COLUMNS: dict[str, list[tuple[str, str]]] = {
    **{f"engine.{name}": list(columns) for name, columns in schema.SCHEMAS["engine"].items()},
    **{f"analysis.{name}": [(c, k) for c, k in map(str.split, text.split(", "))] for name, text in INPUTS.items()},
}
KINDS = {"text": pa.string(), "bigint": pa.int64(), "boolean": pa.bool_(), "timestamp": pa.timestamp("us")}
KINDS["date"] = pa.date32()


class Scene:
    """A warehouse, and dbt upon it, its manifest parsed once."""

    def __init__(self, folder: Path, url: str, policies: Sequence[dict[str, Any]]) -> None:
        places = {"ACTIVATION_PROJECT": str(ROOT), "ACTIVATION_HOME": str(folder), "ACTIVATION_WAREHOUSE_URL": url}
        self.settings = Settings.from_environ(places)
        project = copied_project(folder, policies)
        folders = {"project-dir": project, "profiles-dir": project, "target-path": folder / "target"}
        self.flags = [*(f"--{name}={value}" for name, value in folders.items()), f"--log-path={folder}", "--quiet"]
        self.flags += ["--no-use-colors", f"--profile={'activation_postgres' if url else 'activation'}"]
        self.manifest: Any = None

    def declare(self, policies: Sequence[dict[str, Any]]) -> None:
        """Let the manifest say these policies; a trigger without one is gone."""
        by_name = {f"trg_{policy['id']}": policy for policy in policies}
        for node in self.manifest.nodes.values():
            if node.name.startswith("trg_"):
                node.config.meta = {"trigger": by_name[node.name]} if node.name in by_name else {}
        self.manifest.macros["macro.activation.trigger_models"].macro_sql = trigger_models(sorted(by_name))

    def prepare(self, variables: dict[str, Any]) -> None:
        """The tables of the engine, those that the decisions read, the seeds and the triggers."""
        with open_warehouse(self.settings) as warehouse:
            warehouse.prepare()
            warehouse.execute("create schema if not exists analysis")
            for table, columns in INPUTS.items():
                warehouse.execute(f"create table analysis.{table} ({columns})")
        given = json.dumps(variables | {"as_of": "2026-01-01 00:00:00"})
        self.manifest = self.dbt("parse", "--vars", given)
        self.dbt("seed", "--vars", given)
        self.dbt("run", "--vars", given, "--select", "trg_*")

    def write(self, world: World) -> None:
        """What the world knows, where the models read it."""
        with open_warehouse(self.settings) as warehouse:
            for table, rows in inputs(world).items():
                wanted = pa.schema([(column, KINDS[kind]) for column, kind in COLUMNS[table]])
                listed = [{column: row.get(column) for column in wanted.names} for row in rows]
                warehouse.execute(f"delete from {table}")
                room, name = table.split(".")
                warehouse.append(room, name, pa.Table.from_pylist(listed, wanted).to_batches())

    def holidays(self, year: int) -> list[Holiday]:
        """The public holidays, as the engine keeps them."""
        with open_warehouse(self.settings) as warehouse:
            refresh_holidays(warehouse, read_time_seeds(ROOT / "dbt_project/seeds").zones, datetime(year, 6, 1))
            rows = warehouse.rows("select country_code, region, holiday_on from engine.public_holidays")
        return [
            Holiday(row["country_code"], row["region"] or None, date.fromisoformat(row["holiday_on"])) for row in rows
        ]

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.settings) as warehouse:
            return warehouse.rows(query)

    def dbt(self, command: str, *arguments: str) -> Any:
        from dbt.cli.main import dbtRunner

        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**warehouse_variables(self.settings), "DO_NOT_TRACK": "1"}.items():
                patch.setenv(name, value)
            done = dbtRunner(manifest=self.manifest).invoke([command, *arguments, *self.flags])
        assert done.success, done.exception or [one.message for one in done.result if one.status == "error"]
        return done.result


def inputs(world: World) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table that the decisions read."""
    facts = world.facts()
    customers = [
        {
            "customer_id": one.customer_id,
            "country_code": one.home.country,
            "region": one.home.region,
            "timezone": one.home.timezone or "UTC",
            "is_timezone_known": one.home.timezone is not None,
            "is_deleted": one.is_deleted,
            "birth_date": one.birth_date,
        }
        for one in facts.customers
    ]
    profile = ("customer_id", "country_code", "region", "timezone", "is_timezone_known")
    return {
        "analysis.dim_customers": customers,
        "analysis.int_customer_profiles": [{name: one[name] for name in profile} for one in customers],
        "analysis.int_customer_hours": [
            {"customer_id": name, "hour_of_week": hour, "score": score}
            for name, scores in facts.hours.items()
            for hour, score in scores.items()
        ],
        "analysis.int_unit_customers": [{"customer_id": one.customer_id} for one in facts.customers],
        "analysis.int_units": [{"customer_id": one.customer_id, "unit_id": one.unit_id} for one in facts.customers],
        "analysis.int_customer_merges": [
            {"absorbed_customer_id": one.absorbed_id, "customer_id": one.survivor_id, "known_at": one.known_at}
            for one in facts.merges
        ],
        "analysis.dim_contact_points": [renamed(one, address="contact_point") for one in facts.contact_points],
        "analysis.dim_consents": [asdict(one) | {"purpose": "marketing"} for one in latest_consents(facts)],
        "analysis.oracle_occurrences": [
            asdict(one) | {"context": "{}", "occurred_at": one.eligible_at} for one in facts.triggered
        ],
        **engine_tables(facts),
    }


def engine_tables(facts: Facts) -> dict[str, list[dict[str, Any]]]:
    """The ledger's copy."""
    return {
        "engine.suppressions": [
            renamed(one, address="contact_point") | {"channel": one.channel or "all", "brand": one.brand or "all"}
            for one in facts.suppressions
        ],
        "engine.pauses": [asdict(one) for one in facts.pauses],
        "engine.quality_blocks": [
            asdict(one) | {"block_id": f"b{number}", "run_id": 0} for number, one in enumerate(facts.blocks)
        ],
        "engine.delivery_changes": [
            renamed(one, address="contact_point") | {"occurrence_ids": json.dumps(one.occurrence_ids)}
            for one in facts.deliveries
        ],
        "engine.approvals": [asdict(one) for one in facts.approvals],
        "engine.runs": [
            {"run_id": one.run_id, "lane": "batch", "as_of": one.as_of, "mode": "live"}
            | {"announced_at": one.as_of if one.is_announced else None}
            for one in facts.runs
        ],
        "engine.marks": [{"incarnation": "one", "high_water_mark": 1, "copied_at": facts.copied_at}],
    }


def renamed(fact: Any, **names: str) -> dict[str, Any]:
    """A fact as a row, with other names for some columns."""
    return {names.get(name, name): value for name, value in asdict(fact).items()}


def latest_consents(facts: Facts) -> list[known.ConsentChange]:
    """The last word on each contact point and brand."""
    found = {(one.contact_point_id, one.brand): one for one in facts.consents}
    return list(found.values())


# --- runs -----------------------------------------------------------------------------------------------------------


@dataclass
class Comparison:
    """One warehouse and the reference, run after run over the same world."""

    scene: Scene
    world: World
    house: HousePolicy
    calendar: Calendar
    variables: dict[str, Any]
    records: Records = field(default_factory=Records)
    seen: Counter[str] = field(default_factory=Counter)

    def step(self, run_id: int, *, is_announced: bool) -> None:
        """Decide once in both, compare what is new, and let the ledger answer."""
        self.scene.write(self.world)
        given = self.variables | {"as_of": str(self.world.now), "run_id": run_id, "run_mode": "live"}
        self.scene.dbt("run", "--full-refresh", "--vars", json.dumps(given), "--select", *MODELS.split())
        decider = Decider(self.world.policies, self.house, self.calendar)
        decider.run(self.world.now, self.world.facts(), self.records, run_id)
        self.compare(run_id)
        self.world.runs.append(known.Run(run_id, self.world.now, is_announced))
        if is_announced:
            self.world.copied_at = self.world.now
            self.answer()

    def declare(self, policies: Sequence[dict[str, Any]]) -> None:
        """Both sides read these policies from now on."""
        self.scene.declare(policies)
        self.world.policies = parsed(policies)

    def compare(self, run_id: int) -> None:
        """Every new decision, and every entry, assignment and void."""
        rows = self.scene.rows(f"select * from analysis.act_decisions where run_id = {run_id}")
        found = {(row["occurrence_id"], row["leg"]): row | {"address": row["contact_point"]} for row in rows}
        decisions = [each for history in self.records.decisions.values() for each in history]
        expected = {(one.occurrence_id, one.leg): asdict(one) for one in decisions if one.run_id == run_id}
        self.seen.update(one["reason"] for one in expected.values())
        unlike = [key for key in sorted(found | expected) if not _alike(found.get(key), expected.get(key))]
        assert not unlike, f"{len(unlike)} of {len(expected)} differ in run {run_id}\n" + "\n".join(
            self.story(key, found.get(key), expected.get(key)) for key in unlike[:STORIES]
        )
        for table, name, ids in (
            ("act_entries", "occurrence_id", set(self.records.entries)),
            ("act_assignments", "assignment_id", set(self.records.assignments)),
            ("act_assignment_voids", "assignment_id", set(self.records.voids)),
        ):
            assert {row[name] for row in self.scene.rows(f"select {name} from analysis.{table}")} == ids, table

    def story(self, key: tuple[str, str], row: dict[str, Any] | None, expected: dict[str, Any] | None) -> str:
        """One difference, with all that is known of the occurrence and its unit."""
        occurrence = self.records.occurrences.get(key[0])
        lines = [f"--- occurrence {key[0]} leg {key[1]!r} at {self.world.now}: {occurrence}"]
        for column in COMPARED:
            ours, theirs = (expected or {}).get(column), (row or {}).get(column)
            if ours != theirs or column in ("verdict", "reason"):
                lines.append(f"    {column}: the models say {theirs!r}, the reference {ours!r}")
        lines += [f"    before: {one.decided_at} {one.reason}" for one in self.records.decisions.get(key, ())]
        if occurrence:
            lines += self._background(occurrence.customer_id, occurrence.trigger_id)
        return "\n".join(lines)

    def _background(self, customer_id: str, trigger_id: str) -> Iterator[str]:
        world = self.world
        left = {one.absorbed_id: one.survivor_id for one in world.merges}.get(customer_id, customer_id)
        yield from (
            f"    {one.model_dump_json(exclude_defaults=True)}" for one in world.policies if one.id == trigger_id
        )
        customer = world.customers[left]
        unit = [one for one in world.customers.values() if one.unit_id == customer.unit_id]
        points = [one for one in world.points.values() if one.customer_id == left][:8]
        names = {one.contact_point_id for one in points}
        yield from (f"    {one}" for one in [*unit[:8], *points])
        yield from (f"    {one}" for one in world.consents if one.contact_point_id in names)
        yield from (f"    {one}" for one in world.suppressions if one.address in {each.address for each in points})
        for history in self.records.decisions.values():
            yield from (
                f"    of the customer: {one.decided_at} {one.trigger_id} {one.leg} {one.reason} {one.occurrence_id}"
                for one in history
                if one.customer_id == left
            )

    def answer(self) -> None:
        """What the ledger shows of the messages handed over: anything that may become of them, or nothing."""
        chance, world = self.world.chance, self.world
        latest = {one.message_key: one.state for one in world.deliveries}
        self._answer_plans()
        for message in self.scene.rows("select * from analysis.act_messages order by message_key"):
            state = chance.choice(NEXT_STATES.get(latest.get(message["message_key"], ""), [None]))
            if message["withdrawn_reason"] and message["message_key"] not in latest:
                state = chance.choice([None, "returned"])
            if state:
                change = known.DeliveryChange(
                    sequence=world.next(),
                    occurrence_ids=tuple(json.loads(message["occurrence_ids"])),
                    address=message["contact_point"],
                    state=state,
                    changed_at=world.now,
                    **{name: message[name] for name in CARRIED},
                )
                world.deliveries.append(change)

    def _answer_plans(self) -> None:
        """Somebody says yes or no to some plans, and now and then thinks better of it."""
        world = self.world
        query = "select distinct trigger_id, plan_digest from analysis.act_decisions where plan_digest is not null"
        for row in sorted(self.scene.rows(query), key=lambda row: str(row["plan_digest"])):
            verdict = world.chance.choice([None, None, "approve", "approve", "refuse"])
            if verdict:
                plan = (row["trigger_id"], row["plan_digest"], verdict, world.now)
                world.approvals.append(known.Approval(world.next(), *plan))


STORIES = 3
CARRIED = ("message_key", "decision_id", "trigger_id", "customer_id", "unit_id", "brand", "purpose", "channel")
NEXT_STATES: dict[str, list[str | None]] = {
    "": [None, "planned", "claimed", "accepted", "accepted", "rejected", "failed", "returned", "unknown"],
    "planned": [None, "claimed", "returned", "accepted"],
    "claimed": [None, "accepted", "unknown", "rejected", "delivered"],
    "unknown": [None, "bounced", "accepted", "rejected"],
}
MODELS = "tag:decisions path:models/activation/policies int_customer_places int_suppressions stg_engine__*"


def _alike(row: dict[str, Any] | None, expected: dict[str, Any] | None) -> bool:
    return bool(row and expected) and all(row[name] == expected[name] for name in COMPARED)  # type: ignore[index]


def instants(chance: random.Random, start: datetime) -> Iterator[datetime]:
    """Runs at any time: again at the same instant, soon, days later, or at an edge of a day, a quarter or a clock."""
    edges = [datetime(2026, 3, 29, 1), datetime(2026, 4, 1), datetime(2026, 10, 25, 1), datetime(2027, 1, 1)]
    now = start
    while True:
        yield now
        kind = chance.choice(["again", "soon", "later", "later", "edge"])
        if kind == "soon":
            now += timedelta(minutes=chance.randrange(1, 200))
        elif kind == "later":
            now += timedelta(minutes=chance.randrange(200, 2200))
        elif kind == "edge":
            midnight = datetime(now.year, now.month, now.day) + DAY
            ahead = [edge for edge in [*edges, midnight - HOUR] if now < edge < now + 3 * DAY]
            now = chance.choice([*ahead, midnight])


# --- the tests ------------------------------------------------------------------------------------------------------


def project_variables() -> dict[str, Any]:
    """The variables of the house as the project has them."""
    content = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))
    return dict(content["vars"])


def calendar_of(house: HousePolicy, holidays: Sequence[Holiday]) -> Calendar:
    """The calendar by the project's seeds, and what the house freezes."""
    seeds = read_time_seeds(ROOT / "dbt_project/seeds")
    freezes = [
        Freeze(one.freeze_id, one.starts_on, one.ends_on, *scope)
        for one in house.freezes
        for scope in product(*([*(each or [None])] for each in (one.purposes, one.channels, one.brands, one.countries)))
    ]
    return Calendar(seeds.rules, seeds.zones, holidays, freezes, house.markets)


def play(scene: Scene, chance: random.Random, policies: list[dict[str, Any]], start: datetime) -> Comparison:
    """So many runs over one world; some are repeated at their instant, some never announced."""
    given = any_house(chance, start)
    house = HousePolicy.of_variables(project_variables() | given)
    scene.prepare(given)
    calendar = calendar_of(house, scene.holidays(start.year))
    comparison = Comparison(scene, World(chance, parsed(policies), start), house, calendar, given)
    comparison.world.populate()
    for run_id, now in zip(range(1, RUNS + 1), instants(chance, start), strict=False):
        comparison.world.now = now
        if run_id > 1:
            comparison.world.change()
            policies = [amended(chance, each) if chance.random() < 0.06 else each for each in policies]
            gone = chance.random() < 0.2
            comparison.declare(policies[1:] if gone else policies)
        comparison.step(run_id, is_announced=chance.random() > 0.15)
    return comparison


def parsed(policies: Sequence[dict[str, Any]]) -> list[TriggerPolicy]:
    """The policies as the engine reads them."""
    return [TriggerPolicy.model_validate(policy) for policy in policies]


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse_url(request: pytest.FixtureRequest) -> str:
    """A database of the test's own; none means a file."""
    return str(request.getfixturevalue("new_postgres")()) if request.param == "postgres" else ""


@pytest.mark.parametrize("number", range(int(os.environ.get("ACTIVATION_DECISION_WORLDS", "1"))))
def test_models_and_reference_decide_alike(number: int, tmp_path: Path, warehouse_url: str) -> None:
    """Random policies, people, facts and answers of the ledger: verdicts, entries, assignments, voids are the same."""
    chance = random.Random(int(os.environ.get("ACTIVATION_DECISION_SEED", "1")) + number)
    policies = [any_policy(chance, each) for each in range(12)]
    comparison = play(Scene(tmp_path, warehouse_url, policies), chance, policies, chance.choice(STARTS))
    assert len(comparison.seen) > 12, comparison.seen
