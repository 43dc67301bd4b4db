"""Both readers of one YAML agree: the SQL's tables of policies are what the pydantic models say, on random policies."""

import json
import random
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from pydantic import ValidationError

from activation.policy import HousePolicy, TriggerPolicy, Variant
from activation.project import render_list
from activation.warehouses import schema

pytestmark = pytest.mark.dbt

ROOT = Path(__file__).parents[2] / "dbt_project"
POLICIES = 80
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CHANNELS = ["email", "sms", "push"]
COUNTRIES = ["DE", "FR", "GB", "NO", "US"]
SUBJECT = 'It\'s "yours" {{ name }}'
LEVELS = {"critical": 1, "high": 7, "medium": 20, "low": 31}
Rows = list[dict[str, Any]]


class Chance:
    """Random parts of policies, many of them left out and some of them null."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, values: list[Any]) -> list[Any]:
        return self.random.sample(values, self.random.randint(1, len(values)))

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)

    def length(self) -> str:
        return f"{self.random.randint(1, 40)}{self.one(*'smhd')}"

    def instant(self) -> Any:
        """As YAML reads it without quotes, and as text in the forms that are accepted."""
        instant = datetime(2026, self.random.randint(1, 12), 3, self.random.randint(0, 23), 30)
        return self.one(
            instant, instant.date(), f"{instant:%Y-%m-%d}", f"{instant:%Y-%m-%d %H:%M}", f"{instant:%FT%TZ}"
        )

    def kept(self, document: dict[str, Any], always: tuple[str, ...], nullable: tuple[str, ...] = ()) -> dict[str, Any]:
        """The document without some of its keys, and with null at some of those that may be."""
        chosen = {key: value for key, value in document.items() if key in always or self.random.random() < 0.6}
        nulls = {key for key in chosen if key in nullable and self.random.random() < 0.15}
        return {key: None if key in nulls else value for key, value in chosen.items()}

    def policy(self, name: str) -> dict[str, Any]:
        purpose = self.one("marketing", "marketing", "service", "transactional")
        channels = {"names": self.some(CHANNELS), "mode": self.one("first", "all")}
        document = {
            "id": name,
            "kind": self.one("absence", "event", "date"),
            "purpose": purpose,
            "basis": self.one("consent", "legitimate_interest") if purpose == "marketing" else "contract",
            "owner": self.one("crm's team", "lifecycle"),
            "priority": self.one(*LEVELS, 1, 4, 99),
            "sender": self.one("shop", "texts"),
            "templates": {channel: f"{name}_{channel}" for channel in channels["names"]},
            "channels": self.kept(channels, ("names",)),
            "version": self.random.randint(1, 9),
            "brand": self.one("default", "other"),
            "cap_group": self.one("baskets", "news"),
            "reentry": self.length(),
            "after_step": self.one("previous", "none"),
            "min_gap": self.length(),
            "quiet_hours": self.one("defer", "advance", "drop"),
            "send_window": self.window(),
            "send_time": self.one({"within": "12h"}, {"control": 0}, {"control": 0.25, "within": "90m"}),
            "on_cap": self.one("defer", "drop"),
            "digest": self.one("daily", "weekly"),
            "on_unknown": self.one("hold", "resend"),
            "time_to_live": self.length(),
            "stale_after": self.one(self.length(), "never"),
            "max_volume": self.random.randint(50, 900),
            "approval": self.random.randint(0, 60),
            "ramp": self.ramp(),
            "countries": self.some(COUNTRIES),
            "goal": self.kept(
                {"event": "Order's End", "window": "40d", "value": "total"}, ("event", "window"), ("value",)
            ),
            "experiment": self.experiment(name),
            "schedule": self.one("every_build", "hourly", "daily", "weekly"),
            "live_from": self.one(self.instant(), "-2d", "7d"),
            "enabled": self.one(True, False),
            "mandatory": self.one(True, False),
        }
        always = ("id", "kind", "purpose", "basis", "owner", "priority", "sender", "templates", "channels")
        optional = {name for name, field in TriggerPolicy.model_fields.items() if field.default is None}
        return self.kept(document, always, tuple(optional - set(always)))

    def window(self) -> dict[str, Any]:
        hours = sorted(self.random.sample(range(25), 2))
        window = {
            "from": f"{hours[0]:02}:{self.one('00', '15', '45')}",
            "to": "24:00" if hours[1] == 24 else f"{hours[1]:02}:30",
            "days": self.some(DAYS),
            "holidays": self.one(True, False),
        }
        return self.kept(window, ("from", "to"))

    def ramp(self) -> Any:
        steps = [{"percent": 5 * (place + 1), "from": datetime(2026, place + 1, 1, 6)} for place in range(3)]
        return self.one(1, 10, 100, steps[: self.random.randint(1, 3)])

    def experiment(self, name: str) -> dict[str, Any]:
        names = [f"v{position}" for position in range(self.random.randint(1, 4))]
        rest = 100 - 15 * (len(names) - 1)
        weights = [rest, *[15] * (len(names) - 1)]
        variants = [self.variant(*pair, name) for pair in zip(names, weights, strict=True)]
        holdout = self.one(0, 0.1, 0.05, 0.3333, 0.9999)
        return self.kept({"salt": f"{name}_1", "holdout": holdout, "variants": variants}, ("salt",))

    def variant(self, name: str, weight: int, trigger: str) -> dict[str, Any]:
        channels = self.some(CHANNELS)
        variant = {
            "name": name,
            "weight": weight,
            "templates": {channel: f"{trigger}_{name}_{channel}" for channel in channels},
            "subject": 'It\'s "yours" {{ name }}',
            "sender": "texts",
            "offer": "ten % off",
            "delay": self.one("0s", self.length()),
            "channels": channels,
        }
        return self.kept(variant, ("name", "weight"), ("subject", "sender", "offer", "channels"))

    def cap(self, number: int) -> dict[str, Any]:
        cap = {"cap_id": f"cap_{number}", "max_messages": self.random.randint(0, 9)}
        cap[self.one("days", "hours", "runs")] = 1
        scopes = {
            "per": self.one("customer", "contact_point"),
            "purpose": self.one("marketing", "transactional"),
            "channel": self.one(*CHANNELS),
            "cap_group": "baskets",
            "brand": "default",
            "country": self.one(*COUNTRIES),
        }
        return cap | self.kept(scopes, (), tuple(set(scopes) - {"per"}))

    def freeze(self, number: int) -> dict[str, Any]:
        start = date(2026, 12, self.random.randint(1, 20))
        freeze = {
            "freeze_id": f"freeze_{number}",
            "from": self.one(start, str(start)),
            "to": start + timedelta(self.random.randint(0, 9)),
            "purposes": self.some(["marketing", "service"]),
            "channels": self.some(CHANNELS),
            "brands": self.some(["default", "other"]),
            "countries": self.some(COUNTRIES),
        }
        return self.kept(freeze, ("freeze_id", "from", "to"), ("purposes", "channels", "brands", "countries"))


def accepted(chance: Chance) -> Iterator[tuple[dict[str, Any], TriggerPolicy]]:
    """Random documents that the pydantic models take, with what they make of them."""
    tried = 0
    for number in range(POLICIES):
        policy = None
        while policy is None:
            tried += 1
            document = chance.policy(f"t{number:03}")
            try:
                policy = TriggerPolicy.model_validate(document, context={"priority_levels": LEVELS})
            except ValidationError:
                continue
            yield document, policy
    assert tried < 30 * POLICIES


def seconds(length: Any) -> int | None:
    return int(length.total_seconds()) if isinstance(length, timedelta) else None


def profile(policy: TriggerPolicy) -> str:
    window = policy.send_window
    if window is None:
        return policy.purpose.value
    return (
        f"{policy.purpose.value} {window.starts}-{window.ends}|{digits(policy)}|"
        f"{'holidays' if window.holidays else 'no holidays'}"
    )


def digits(policy: TriggerPolicy) -> str:
    days = policy.send_window.days if policy.send_window else []
    return "".join(str(place) for place, name in enumerate(DAYS, 1) if name in days)


def ways(policy: TriggerPolicy) -> list[Variant]:
    """Every variant, and first what a unit without one gets."""
    return [Variant(name="none", weight=100).model_copy(update={"name": "default"}), *policy.variants]


def policy_row(policy: TriggerPolicy) -> dict[str, Any]:
    experiment, goal, send_time = policy.experiment, policy.goal, policy.send_time
    return {
        "trigger_id": policy.id,
        "environment": "dev",
        "brand": policy.brand,
        "model_name": f"trg_{policy.id}",
        "kind": policy.kind,
        "purpose": policy.purpose.value,
        "basis": policy.basis,
        "sender": policy.sender,
        "channels": [channel.value for channel in policy.channels.names],
        "channel_mode": policy.channels.mode,
        "cap_group": policy.cap_group,
        "digest": policy.digest,
        "after_step": policy.after_step,
        "quiet_hours": policy.quiet_hours,
        "time_profile": profile(policy),
        "countries": policy.countries,
        "schedule": policy.schedule,
        "on_cap": policy.on_cap,
        "on_unknown": policy.unknown_rule.value,
        "owner": policy.owner,
        "experiment_id": experiment.salt if experiment else None,
        "salt": experiment.salt if experiment else None,
        "goal_event": goal.event if goal else None,
        "goal_value": goal.value if goal else None,
        "trigger_version": policy.version,
        "priority": policy.priority,
        "reentry_seconds": seconds(policy.reentry),
        "min_gap_seconds": seconds(policy.min_gap),
        "time_to_live_seconds": seconds(policy.time_to_live),
        "goal_window_seconds": seconds(goal.window) if goal else None,
        "live_offset_seconds": seconds(policy.live_from),
        "stale_after_seconds": seconds(policy.stale_rule),
        "send_time_within_seconds": seconds(send_time.within) if send_time else None,
        "send_time_control_share": send_time.control if send_time else None,
        "max_volume": policy.max_volume,
        "approval": policy.approval,
        "holdout_share": experiment.holdout if experiment else None,
        "is_enabled": policy.enabled,
        "is_mandatory": policy.mandatory,
        "live_from": policy.live_from if isinstance(policy.live_from, datetime) else None,
    }


def channel_rows(policy: TriggerPolicy) -> Iterator[dict[str, Any]]:
    """A route is a way that somebody may take: the trigger's, unless every variant has its own, and each variant's."""
    shares = not policy.variants or any(variant.channels is None for variant in policy.variants)
    for variant in ways(policy):
        for position, channel in enumerate(variant.channels or policy.channels.names, 1):
            template = variant.templates.get(channel) or policy.templates[channel]
            yield {
                "trigger_id": policy.id,
                "channel": channel.value,
                "variant": variant.name,
                "template": template,
                "position": position,
                "is_route": shares if variant.name == "default" else variant.channels is not None,
            }


def variant_rows(policy: TriggerPolicy) -> Iterator[dict[str, Any]]:
    """The arms share the ten thousand buckets: first the held out, then the variants by weight."""
    if policy.experiment is None:
        return
    held_out = round(policy.experiment.holdout * 10_000)
    shared = {"trigger_id": policy.id, "experiment_id": policy.experiment.salt}
    nothing = dict.fromkeys(("variant", "route", "sender", "subject", "offer", "delay_seconds"))
    yield {**shared, **nothing, "arm": "held_out", "bucket_from": 0, "bucket_to": held_out}
    start, weight = held_out, 0
    for variant in policy.variants or ways(policy):
        weight += variant.weight
        end = held_out + round((10_000 - held_out) * weight / 100)
        yield {
            **shared,
            "arm": "treated",
            "variant": variant.name,
            "route": variant.name if variant.channels else "default",
            "sender": variant.sender or policy.sender,
            "subject": variant.subject,
            "offer": variant.offer,
            "delay_seconds": seconds(variant.delay),
            "bucket_from": start,
            "bucket_to": end,
        }
        start = end
    assert start == 10_000


def ramp_rows(policy: TriggerPolicy) -> Iterator[dict[str, Any]]:
    for step in policy.ramp or []:
        yield {"trigger_id": policy.id, "percent": step.percent, "starts_at": step.starts_at}


def country_rows(policy: TriggerPolicy) -> Iterator[dict[str, Any]]:
    for country in policy.countries or []:
        yield {"trigger_id": policy.id, "country_code": country}


def window_rows(policies: list[TriggerPolicy]) -> Iterator[dict[str, Any]]:
    windows = {profile(policy): (policy, policy.send_window) for policy in policies if policy.send_window}
    for name, (policy, window) in windows.items():
        yield {
            "time_profile": name,
            "local_from": window.starts,
            "local_to": window.ends,
            "days": digits(policy),
            "holidays_allowed": window.holidays,
        }


def cap_rows(house: HousePolicy) -> Iterator[dict[str, Any]]:
    for cap in house.caps:
        row = cap.model_dump(mode="json")
        country = row.pop("country")
        yield {**row, "country_code": country}


def freeze_rows(house: HousePolicy) -> Iterator[dict[str, Any]]:
    for freeze in house.freezes:
        scopes = (freeze.purposes, freeze.channels, freeze.brands, freeze.countries)
        for combination in product(*(scope or [None] for scope in scopes)):
            named = dict(zip(("purpose", "channel", "brand", "country_code"), map(plain, combination), strict=True))
            yield {"freeze_id": freeze.freeze_id, "starts_on": freeze.starts_on, "ends_on": freeze.ends_on, **named}


def plain(value: Any) -> Any:
    return None if value is None else str(value)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, dbt: Any) -> Any:
    """A project of random triggers and a random house, run once."""
    folder, chance = tmp_path_factory.mktemp("policies"), Chance(4)
    project = folder / "dbt_project"
    for part in ("macros", "models/activation/policies"):
        shutil.copytree(ROOT / part, project / part)
    (project / "models/activation/decisions").mkdir()
    for path in (ROOT / "models/activation/decisions").glob("act_*.*"):
        if path.stem.startswith("act_policy_") or path.stem == "act_caps":
            shutil.copy(path, project / "models/activation/decisions")
    policies = list(accepted(chance))
    house = write_house(project, chance)
    write_triggers(project, [document for document, _ in policies])
    made = type(dbt)(folder, project)
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for statement in schema.statements():
            connection.execute(statement)
    made.invoke(warehouse, "run", "--select", "activation.activation")
    return warehouse, [policy for _, policy in policies], house


def write_house(project: Path, chance: Chance) -> HousePolicy:
    document = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    document["vars"] |= {
        "priority_levels": LEVELS,
        "caps": [chance.cap(number) for number in range(20)],
        "freezes": [chance.freeze(number) for number in range(10)],
    }
    (project / "dbt_project.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    shutil.copy(ROOT / "profiles.yml", project)
    return HousePolicy.of_variables(document["vars"])


def write_triggers(project: Path, documents: list[dict[str, Any]]) -> None:
    folder = project / "models/triggers"
    folder.mkdir()
    names = [f"trg_{document['id']}" for document in documents]
    for name, document in zip(names, documents, strict=True):
        (folder / f"{name}.sql").write_text("select 1 as customer_id", encoding="utf-8")
        # dbt would put something in the place of what stands in braces.
        for variant in (document.get("experiment") or {}).get("variants", []):
            variant.update({"subject": f"{{% raw %}}{SUBJECT}{{% endraw %}}"} if variant.get("subject") else {})
        model = {"name": name, "config": {"meta": {"trigger": document}}}
        (folder / f"{name}.yml").write_text(yaml.safe_dump({"models": [model]}), encoding="utf-8")
    for kind, listed in (("trigger_models", names), ("audience_models", [])):
        (project / f"macros/generated/{kind}.sql").write_text(render_list(kind, listed), encoding="utf-8")


def table(warehouse: Path, name: str, columns: list[str]) -> Rows:
    with duckdb.connect(str(warehouse)) as connection:
        rows = connection.execute(f"select {', '.join(columns)} from analysis.{name}").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def sorted_rows(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def agree(world: Any, name: str, expected: Rows) -> None:
    """The table has exactly the expected rows."""
    assert expected
    assert sorted_rows(table(world[0], name, list(expected[0]))) == sorted_rows(expected)


def test_each_policy_is_one_row(world: Any) -> None:
    """With its defaults filled in, and its durations in seconds."""
    expected = [policy_row(policy) for policy in world[1]]
    found = table(world[0], "act_policies", list(expected[0]))
    for row in found:
        row["channels"] = json.loads(row["channels"])
        row["countries"] = json.loads(row["countries"]) if row["countries"] else None
        for share in ("holdout_share", "send_time_control_share"):
            row[share] = None if row[share] is None else float(row[share])
    assert sorted(found, key=lambda row: row["trigger_id"]) == expected


def test_what_hangs_on_a_policy_agrees(world: Any) -> None:
    """Channels and templates by variant, arms as ranges of buckets, ramps, countries, windows."""
    policies = world[1]
    agree(world, "act_policy_channels", [row for policy in policies for row in channel_rows(policy)])
    agree(world, "act_policy_variants", [row for policy in policies for row in variant_rows(policy)])
    agree(world, "act_policy_ramps", [row for policy in policies for row in ramp_rows(policy)])
    agree(world, "act_policy_countries", [row for policy in policies for row in country_rows(policy)])
    agree(world, "act_policy_windows", list(window_rows(policies)))


def test_the_house_agrees(world: Any) -> None:
    """Caps, and freezes with a row for each thing frozen."""
    agree(world, "act_caps", list(cap_rows(world[2])))
    agree(world, "act_freezes", list(freeze_rows(world[2])))


def test_every_field_was_said_and_left_out(world: Any) -> None:
    """The random policies are about something."""
    for name in TriggerPolicy.model_fields.keys() - {"id", "version", "kind", "basis", "owner", "sender", "templates"}:
        values = {str(getattr(policy, name)) for policy in world[1]}
        assert len(values) > 1, name
