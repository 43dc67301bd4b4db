"""Caps, priorities and digests in SQL end as one sequential pass over the candidates would, on every warehouse."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from activation.decisions.contest import Candidate, Cap, Contest, PastMessage, Result
from activation.model import Purpose
from activation.project import warehouse_variables
from activation.settings import Settings
from activation.warehouses import open_warehouse

pytestmark = pytest.mark.dbt

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 10, 12)
WORLDS = int(os.environ.get("ACTIVATION_CONTEST_WORLDS", "4"))
SCOPES = {
    "purpose": [*Purpose],
    "channel": ["email", "sms", "push"],
    "brand": ["one", "two"],
    "cap_group": ["carts", "news", None],
    "country_code": ["US", "DE", None],
    "region": ["FL", None],
}
TEXTS = [
    *("occurrence_id", "leg", "brand", "trigger_id", "customer_id", "contact_point", "channel", "purpose", "cap_group"),
    *("country_code", "region", "digest", "on_cap", "held_out_reason"),
]
COLUMNS = {
    "act_draws": dict.fromkeys(TEXTS, "text") | {"priority": "bigint", "eligible_at": "timestamp"},
    "act_timing": dict.fromkeys(["occurrence_id", "leg", "timing_reason"], "text"),
    "act_past_messages": dict.fromkeys(TEXTS[2:11], "text")
    | {"occurrence_id": "text", "days_ago": "bigint", "seconds_ago": "bigint", "is_concurrent": "boolean"},
}
TYPES = {"text": pa.string(), "bigint": pa.int64(), "boolean": pa.bool_(), "timestamp": pa.timestamp("us")}
RESULTS = """
    select
        occurrence_id, leg, reason, carrier_occurrence_id, carrier_leg, cap, outranked_by_occurrence_id,
        outranked_by_trigger_id
    from analysis.act_contest
"""


@dataclass
class World:
    """Those who compete, those who would but for their arm or the hour, and what was sent before."""

    caps: list[Cap]
    candidates: list[Candidate]
    past: list[PastMessage] = field(default_factory=list)
    held_out: list[Candidate] = field(default_factory=list)
    deferred: list[Candidate] = field(default_factory=list)
    exempt: list[Purpose] = field(default_factory=lambda: [Purpose.TRANSACTIONAL])

    def results(self) -> dict[tuple[str, str], Result]:
        return Contest(self.caps, self.past, self.exempt).run(self.candidates)

    def variables(self) -> dict[str, Any]:
        return {"caps": [_variable(cap) for cap in self.caps], "cap_exempt_purposes": [*self.exempt]}

    def tables(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        everybody = [*self.candidates, *self.held_out, *self.deferred]
        held_out = {candidate.key for candidate in self.held_out}
        deferred = {candidate.key for candidate in self.deferred}
        yield (
            "act_draws",
            [
                asdict(one)
                | {"on_cap": "drop" if one.drops_on_cap else "defer"}
                | {"held_out_reason": "held_out_global" if one.key in held_out else None}
                for one in everybody
            ],
        )
        yield (
            "act_timing",
            [
                {"occurrence_id": one.occurrence_id, "leg": one.leg}
                | {"timing_reason": "quiet_hours" if one.key in deferred else None}
                for one in everybody
                if one.key not in held_out
            ],
        )
        yield "act_past_messages", [asdict(message) for message in self.past]


def _variable(cap: Cap) -> dict[str, Any]:
    """A cap as the house writes it."""
    spans = {name: getattr(cap, name) for name in ("days", "hours", "runs") if getattr(cap, name)}
    scopes = {"country" if name == "country_code" else name: value for name, value in cap.only.items()}
    return {"cap_id": cap.cap_id, "max_messages": cap.limit, "per": cap.per, **spans, **scopes}


class Chance(random.Random):
    """Random worlds of a hundred customers, some of whom share addresses."""

    def world(self) -> World:
        self.people = [self._person(number) for number in range(100)]
        candidates = [self._candidate(number) for number in range(900)]
        return World(
            caps=[self._cap(number) for number in range(self.randrange(1, 11))],
            candidates=candidates[:800],
            past=[self._past(number) for number in range(250)],
            held_out=candidates[800:850],
            deferred=candidates[850:],
            exempt=self.choice([[Purpose.TRANSACTIONAL], [], [Purpose.TRANSACTIONAL, Purpose.SERVICE]]),
        )

    def _person(self, number: int) -> dict[str, Any]:
        shared = [f"point {self.randrange(40)}" for _ in range(self.randrange(2))]
        own = [f"point {number} {n}" for n in range(50 if number == 0 else self.randrange(1, 3))]
        place = {name: self.choice(SCOPES[name]) for name in ("country_code", "region")}
        return {"customer_id": f"c{number}", "points": shared + own} | place

    def _message(self) -> dict[str, Any]:
        person = dict(self.choice(self.people))
        names = ("purpose", "channel", "brand", "cap_group")
        contact_point = self.choice(person.pop("points"))
        return person | {"contact_point": contact_point} | {name: self.choice(SCOPES[name]) for name in names}

    def _candidate(self, number: int) -> Candidate:
        message = self._message()
        return Candidate(
            **message,
            occurrence_id=f"o{self.random():.6f}{number}",
            trigger_id=f"t{self.randrange(9)}",
            priority=self.choice([1, 10, 20]),
            eligible_at=NOW - timedelta(hours=self.randrange(4)),
            leg=self.choice(["", message["channel"]]),
            digest=self.choice([None, None, None, "weekly", "daily"]),
            drops_on_cap=self.random() < 0.2,
        )

    def _past(self, number: int) -> PastMessage:
        days_ago = self.choice([0, 0, 1, 2, 6, 7, 29])
        return PastMessage(
            **self._message(),
            days_ago=days_ago,
            seconds_ago=days_ago * 86400 + self.choice([0, 3599, 3600, 7200]),
            occurrence_id=f"past {number}",
            trigger_id=f"t{self.randrange(9)}",
            is_concurrent=days_ago == 0 and self.random() < 0.2,
        )

    def _cap(self, number: int) -> Cap:
        name = self.choice(["days", "days", "hours", "runs"])
        span = {"days": [1, 2, 7, 30], "hours": [1, 2, 24], "runs": [1]}[name]
        scopes = self.sample(list(SCOPES), self.choice([0, 0, 1, 1, 2]))
        only = {scope: self.choice([value for value in SCOPES[scope] if value]) for scope in scopes}
        limit = self.choice([0, 1, 1, 2, 3, 5, 20])
        per = self.choice(["customer", "customer", "contact_point"])
        return Cap(f"cap_{number}", limit, **{name: self.choice(span)}, per=per, only=only)  # type: ignore[arg-type]


class Arena:
    """The contest's two models upon tables that stand for all before them."""

    def __init__(self, settings: Settings, run: Callable[[Sequence[str]], Any]) -> None:
        self.settings, self.run = settings, run
        self.found: Mapping[tuple[str, str], Result] = {}
        with open_warehouse(settings) as warehouse:
            warehouse.execute("create schema if not exists analysis")
            for table, columns in COLUMNS.items():
                names = ", ".join(f"{name} {kind}" for name, kind in columns.items())
                warehouse.execute(f"create table analysis.{table} ({names})")

    def judge(self, world: World, **variables: Any) -> Any:
        """dbt's own result; what the contest says is in `found`."""
        with open_warehouse(self.settings) as warehouse:
            for table, rows in world.tables():
                warehouse.execute(f"delete from analysis.{table}")
                warehouse.append("analysis", table, [_batch(rows, COLUMNS[table])])
        outcome = self.run(["--vars", json.dumps({"as_of": str(NOW)} | world.variables() | variables)])
        if outcome.success:
            with open_warehouse(self.settings) as warehouse:
                self.found = dict(map(_result, warehouse.rows(RESULTS)))
        return outcome


def _batch(rows: list[dict[str, Any]], columns: dict[str, str]) -> pa.RecordBatch:
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    return pa.RecordBatch.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema)


def _result(row: dict[str, Any]) -> tuple[tuple[str, str], Result]:
    carrier = row.pop("carrier_occurrence_id"), row.pop("carrier_leg")
    return (row.pop("occurrence_id"), row.pop("leg")), Result(carrier=carrier, **row)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    from dbt.cli.main import dbtRunner

    is_server = request.param == "postgres"
    url = request.getfixturevalue("new_postgres")() if is_server else ""
    folder = tmp_path_factory.mktemp("contest")
    environ = {"ACTIVATION_PROJECT": str(ROOT), "ACTIVATION_HOME": str(folder), "ACTIVATION_WAREHOUSE_URL": url}
    settings = Settings.from_environ(environ)
    project = ROOT / "dbt_project"
    folders = {"project-dir": project, "profiles-dir": project, "target-path": folder / "target", "log-path": folder}
    flags = [*(f"--{name}={value}" for name, value in folders.items()), "--quiet", "--no-print", "--no-use-colors"]
    flags.append(f"--profile={'activation_postgres' if is_server else 'activation'}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**warehouse_variables(settings), "DO_NOT_TRACK": "1"}.items():
            patch.setitem(os.environ, name, value)
        manifest = dbtRunner().invoke(["parse", *flags]).result
        models = ["run", "--select", "act_bids", "act_contest"]
        yield Arena(settings, lambda options: dbtRunner(manifest=manifest).invoke([*models, *options, *flags]))


def test_contest_equals_one_sequential_pass(arena: Arena) -> None:
    """Whatever the caps, shared addresses and digests: every reason, cap, winner and carrier is the greedy pass's."""
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        world = Chance(seed).world()
        assert arena.judge(world).success, seed
        assert arena.found == world.results(), seed
        seen.update(result.reason for result in arena.found.values())
    assert len(seen) == 5, seen


def test_a_second_pass_at_the_same_instant_says_the_same(arena: Arena) -> None:
    """Once the chosen are on their way, nobody else is chosen and nobody's reason changes."""
    world = Chance(100).world()
    assert arena.judge(world).success
    first = arena.found
    losers = [one for one in world.candidates if first[one.key].reason != "chosen"]
    sent = [_sent(one) for one in world.candidates if first[one.key] == Result("chosen", one.key)]
    assert losers
    assert sent
    second = replace(world, candidates=losers, past=world.past + sent)
    assert arena.judge(second).success
    assert arena.found == second.results()
    assert {key: result.reason for key, result in arena.found.items()} == {
        one.key: first[one.key].reason for one in losers
    }


def _sent(candidate: Candidate) -> PastMessage:
    names = [*SCOPES, "customer_id", "contact_point", "occurrence_id", "trigger_id"]
    message = {name: getattr(candidate, name) for name in names}
    return PastMessage(**message, days_ago=0, seconds_ago=0, is_concurrent=True)


def test_one_person_with_very_many_candidates_is_decided(arena: Arena) -> None:
    """A cap of a hundred takes no hundred rounds, and of twenty thousand the first hundred go."""
    caps = [Cap("texts", 100, days=30, only={"channel": "sms"}), Cap("mails", 90, days=30, only={"channel": "email"})]
    world = World(caps, [_rival(number, channel=("sms", "email")[number % 2]) for number in range(20_000)])
    assert arena.judge(world, contest_rounds=3).success
    assert arena.found == world.results()
    assert sum(result.reason == "chosen" for result in arena.found.values()) == 190


def test_what_takes_more_rounds_waits(arena: Arena) -> None:
    """Of customers chained by shared addresses, each waiting for the one before, the rest waits for the next run."""
    caps = [Cap("per_person", 1, days=1), Cap("per_address", 1, days=1, per="contact_point")]
    chain = [_rival(n, customer_id=f"c{n // 2}", contact_point=f"p{(n + 1) // 2}") for n in range(12)]
    world = World(caps, chain)
    assert arena.judge(world, contest_rounds=2).success
    exact = world.results()
    waiting = {key for key, result in arena.found.items() if result.reason == "unfinished"}
    assert waiting
    assert {key: result for key, result in arena.found.items() if key not in waiting} == {
        key: result for key, result in exact.items() if key not in waiting
    }
    assert arena.judge(world, contest_rounds=6).success
    assert arena.found == exact


def test_without_caps_everybody_is_chosen(arena: Arena) -> None:
    """No cap at all, and caps of one kind only, are no special case."""
    world = replace(Chance(7).world(), caps=[])
    assert arena.judge(world).success
    assert arena.found == world.results()
    assert {result.reason for result in arena.found.values()} == {"chosen"}


def _rival(number: int, **given: Any) -> Candidate:
    message: dict[str, Any] = {"customer_id": "c", "contact_point": "p", "channel": "email", "brand": "one"}
    return Candidate(
        **message | given,
        purpose=Purpose.MARKETING,
        occurrence_id=f"o{number:06}",
        trigger_id="t",
        priority=1,
        eligible_at=NOW,
    )
