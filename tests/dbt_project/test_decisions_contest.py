"""Caps and priorities in SQL end as one sequential pass over the candidates would."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from activation.decisions.contest import Candidate, Cap, Contest, PastMessage, Rules
from activation.model import Purpose

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


def greedy(world: World) -> dict[str, tuple[str, str | None]]:
    """Each occurrence's reason, and the winner it lost to, by the plain reference."""
    rules = {
        trigger: Rules(Purpose(purpose), priority, on_cap == "drop", max_volume)
        for trigger, (purpose, priority, on_cap, max_volume) in TRIGGERS.items()
    }
    caps = [Cap(name, Purpose(purpose), days, limit) for name, purpose, days, limit in CAPS]
    held_out = {(unit, None if experiment == GLOBAL else experiment) for unit, experiment in world.held_out}
    past = [PastMessage(unit, Purpose(purpose), days) for unit, purpose, days in world.past]
    candidates = [
        Candidate(row["occurrence_id"], row["unit_id"], row["trigger_id"], row["eligible_at"])
        for row in world.candidates
    ]
    results = Contest(rules, caps, held_out, past).run(candidates)
    return {occurrence: (result.reason, result.winner) for occurrence, result in results.items()}


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
        assert found == greedy(world)
        seen.update(reason for reason, _ in found.values())
    assert len(seen) == 8, seen
