"""Caps and priorities in SQL end as one sequential pass over the candidates would."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

NOW = datetime(2026, 1, 10, 12)
GLOBAL = "global:2026q1"
CAPS = [("daily", "marketing", 1, 1), ("weekly", "marketing", 7, 3), ("notices", "service", 2, 2)]
TRIGGERS = {  # purpose, priority, on_cap, max_volume
    "cart": ("marketing", 300, "defer", None),
    "welcome": ("marketing", 200, "defer", 400),
    "offer": ("marketing", 200, "drop", 25),
    "notice": ("service", 300, "defer", 30),
    "order": ("transactional", 1000, "defer", None),
}
UNITS = [f"u{number}" for number in range(150)]
MODELS = ["act_policies", "act_candidates", "act_arms", "act_past_messages", "act_caps"]


class World:
    """Random candidates, arms and past messages of many units."""

    def __init__(self, chance: random.Random) -> None:
        self.candidates = [self._candidate(chance, number) for number in range(600)]
        self.held_out = {(u, e) for u in UNITS for e in [GLOBAL, *TRIGGERS] if chance.random() < 0.08}
        self.past = [self._past(chance) for _ in range(120)]

    def _candidate(self, chance: random.Random, number: int) -> dict[str, Any]:
        trigger = chance.choice(list(TRIGGERS))
        eligible_at = NOW - timedelta(hours=chance.randrange(6))
        row = {"occurrence_id": f"o{chance.random():.9f}{number}", "unit_id": chance.choice(UNITS)}
        return row | {"trigger_id": trigger, "priority": TRIGGERS[trigger][1], "eligible_at": eligible_at}

    def _past(self, chance: random.Random) -> tuple[str, str, int]:
        return chance.choice(UNITS), chance.choice(["marketing", "marketing", "service"]), chance.randrange(9)

    def fill(self, shop: Any) -> None:
        """Write them where the contest reads them."""
        for model in MODELS:
            shop.execute(f"delete from analysis.{model}")
        for statement in self._statements():
            shop.execute(statement)

    def _statements(self) -> Iterator[str]:
        yield _insert("act_caps", ["cap_id", "purpose", "days", "max_messages"], CAPS)
        policies = [(t, t, f"e_{t}", p, o, v) for t, (p, _, o, v) in TRIGGERS.items()]
        columns = ["trigger_id", "model_name", "experiment_id", "purpose", "on_cap", "max_volume"]
        yield _insert("act_policies", columns, policies)
        columns = list(self.candidates[0])
        rows = [(*row.values(), True) for row in self.candidates]
        yield _insert("act_candidates", [*columns, "is_passed"], rows)
        arms = [(u, e if e == GLOBAL else f"e_{e}", "held_out") for u, e in sorted(self.held_out)]
        yield _insert("act_arms", ["unit_id", "experiment_id", "arm"], arms)
        past = [(unit, purpose, days, False) for unit, purpose, days in self.past]
        yield _insert("act_past_messages", ["unit_id", "purpose", "days_ago", "is_concurrent"], past)


def _insert(model: str, columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    values = ", ".join("(" + ", ".join(_literal(value) for value in row) + ")" for row in rows)
    return f"insert into analysis.{model} ({', '.join(columns)}) values {values}"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, bool | int) else f"'{value}'"


class Pass:
    """One candidate after the other, the best first; what each cap has counted so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before: Counter[tuple[str, str]] = Counter()
        for unit, purpose, days in world.past:
            for cap, capped, length, _ in CAPS:
                if purpose == capped and days < length:
                    self.before[unit, cap] += 1
        self.now = Counter(self.before)
        self.taken: dict[tuple[str, str], list[str]] = defaultdict(list)

    def run(self) -> dict[str, tuple[str, str | None]]:
        """Each occurrence's reason, and the winner it lost to."""
        order = sorted(self.world.candidates, key=lambda c: (-c["priority"], c["eligible_at"], c["occurrence_id"]))
        found = {row["occurrence_id"]: self._judge(row) for row in order}
        chosen = Counter(row["trigger_id"] for row in order if found[row["occurrence_id"]][0] == "chosen")
        for row in order:
            limit = TRIGGERS[row["trigger_id"]][3]
            if limit and chosen[row["trigger_id"]] > limit and found[row["occurrence_id"]][0] == "chosen":
                found[row["occurrence_id"]] = ("over_volume", None)
        return found

    def _judge(self, row: dict[str, Any]) -> tuple[str, str | None]:
        unit, (purpose, _, on_cap, _) = row["unit_id"], TRIGGERS[row["trigger_id"]]
        if purpose == "marketing":
            for experiment, reason in ((GLOBAL, "held_out_global"), (row["trigger_id"], "held_out_trigger")):
                if (unit, experiment) in self.world.held_out:
                    return reason, None
        caps = [(cap, most) for cap, capped, _, most in CAPS if capped == purpose]
        if all(self.now[unit, cap] < most for cap, most in caps):
            self.now.update((unit, cap) for cap, _ in caps)
            self.taken[unit, purpose].append(row["occurrence_id"])
            return "chosen", None
        if any(self.before[unit, cap] >= most for cap, most in caps):
            return "cap_reached_dropped" if on_cap == "drop" else "cap_reached", None
        return "outranked_dropped" if on_cap == "drop" else "outranked", self.taken[unit, purpose][-1]


def test_contest_equals_one_sequential_pass(shop: Any) -> None:
    """On random candidates, arms and past messages every reason and every winner are those of the greedy pass."""
    shop.run(NOW, [f"+{model}" for model in MODELS], "--empty")
    seen: Counter[str] = Counter()
    for seed in range(3):
        world = World(random.Random(seed))
        world.fill(shop)
        shop.run(NOW, ["act_contest"])
        rows = shop.rows("select occurrence_id, reason, outranked_by_occurrence_id from analysis.act_contest")
        found = {occurrence: (reason, winner) for occurrence, reason, winner in rows}
        assert found == Pass(world).run()
        seen.update(reason for reason, _ in found.values())
    assert len(seen) == 8, seen
