"""The records grow with what happened, never with how often or how far a run got."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

# A Tuesday, since some of the markets permit no marketing on Sundays; both hours are permitted in all of them.
MORNING = datetime(2026, 3, 3, 9)
EVENING = datetime(2026, 3, 3, 18)
EARLY = [f"c{number}" for number in range(20)]
LATE = [f"c{number}" for number in range(20, 40)]
RECORDS = [
    "act_launches",
    "act_occurrences",
    "act_deliveries",
    "act_entries",
    "act_assignment_voids",
    "act_assignments",
    "act_decisions",
]
RUN_COLUMNS = (
    "decision_id, carrier_decision_id, run_id, launched_run_id, first_seen_run_id, entered_run_id, assigned_run_id"
)


def people(names: list[str], at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Everyone signs up, agrees, and leaves a cart."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for name in names:
        rows += [("events", event(name, "Signed Up", at)), *contact(name, at)]
        rows.append(("events", event(name, "Product Added", at, product_id="p1", name="Mug", price=9.5, quantity=1)))
    return rows


def event(person: str, what: str, at: datetime, /, **properties: Any) -> dict[str, Any]:
    row = {"event_id": f"{person}:{what}", "event_name": what, "user_id": person, "anonymous_id": None}
    return row | {"occurred_at": at, "received_at": at, "properties": properties, "context": {}}


def contact(name: str, at: datetime) -> list[tuple[str, dict[str, Any]]]:
    address = {"customer_id": name, "channel": "email", "address": f"{name}@post.example", "is_primary": True}
    consent = {"contact_point_id": f"cp{name}", "channel": "email", "purpose": "marketing", "brand": "default"}
    consent |= {"status": "granted", "is_confirmed": True, "source": "form"}
    changes = [("contact_points", f"cp{name}", address), ("consents", f"cp{name}:email", consent)]
    shared = {"changed_at": at, "is_deleted": False}
    return [(table, {"id": identifier, "attributes": content} | shared) for table, identifier, content in changes]


def decide(shop: Any, at: datetime, run_id: int, models: str = "") -> None:
    """Build everything, or the models named, as the live run `run_id` would."""
    variables = {"as_of": str(at), "run_id": run_id, "run_mode": "live"}
    selection = ["--select", *models.split()] if models else []
    shop.dbt.invoke(shop.path, "run", "--vars", json.dumps(variables), *selection)


def records(shop: Any) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every record, without what names the run."""
    query = "select columns(c -> c not in ({})) from analysis.{} order by all"
    names = ", ".join(f"'{name}'" for name in RUN_COLUMNS.split(", "))
    return {record: shop.rows(query.format(names, record)) for record in RECORDS}


def standing(shop: Any) -> dict[str, list[tuple[Any, ...]]]:
    """The records with the last decision on each occurrence only."""
    last = "row_number() over (partition by occurrence_id order by decided_at desc, run_id desc) = 1"
    names = ", ".join(f"'{name}'" for name in RUN_COLUMNS.split(", "))
    rows = shop.rows(f"select columns(c -> c not in ({names})) from analysis.act_decisions qualify {last} order by all")
    return records(shop) | {"act_decisions": rows}


def messages(shop: Any) -> list[tuple[Any, ...]]:
    """What is handed over, without what names the run."""
    return list(shop.rows("select * exclude (decision_id, run_id) from analysis.act_messages order by all"))


def announce(shop: Any, run_id: int, at: datetime) -> None:
    """Copy the ledger after the run was announced."""
    row = f"({run_id}, 'batch', timestamp '{at}', 'live', timestamp '{at}')"
    shop.execute(f"insert into engine.runs (run_id, lane, as_of, mode, announced_at) values {row}")


def block(shop: Any, scope: str, since: datetime, until: datetime) -> None:
    """What a gate writes when something does not hold."""
    row = f"('handover/{scope}', '{scope}', 2, timestamp '{since}', timestamp '{until}')"
    shop.execute(f"insert into engine.quality_blocks (block_id, scope, run_id, created_at, until) values {row}")


def sent(shop: Any, trigger_id: str, run_id: int) -> int:
    """How many messages a run decided to send."""
    condition = f"verdict = 'send' and trigger_id = '{trigger_id}' and run_id = {run_id}"
    ((count,),) = shop.rows(f"select count(*) from analysis.act_decisions where {condition}")
    return int(count)


def chain(shop: Any) -> list[str]:
    """The models of the decisions in an order in which they can run."""
    nodes = {n.unique_id: n for n in shop.dbt.manifest.nodes.values() if n.resource_type == "model"}
    ordered: list[str] = []

    def visit(key: str) -> None:
        for parent in nodes[key].depends_on.nodes:
            if parent in nodes:
                visit(parent)
        if "decisions" in nodes[key].tags and nodes[key].name not in ordered:
            ordered.append(nodes[key].name)

    for key in sorted(nodes):
        visit(key)
    return ordered


@pytest.fixture
def morning(shop: Any) -> Any:
    """A shop whose first live run is over, and of which more is known by the evening."""
    shop.load(MORNING, people(EARLY, MORNING - timedelta(hours=1)))
    decide(shop, MORNING, 1)
    announce(shop, 1, MORNING)
    noon = EVENING - timedelta(hours=6)
    orders = [event(name, "Order Completed", noon, order_id=name, total=20, products=[]) for name in EARLY[::3]]
    shop.load(EVENING, [*people(LATE, noon), *(("events", row) for row in orders)])
    decide(shop, EVENING, 2, "+tag:decisions --exclude tag:decisions")
    return shop


def copied(shop: Any, folder: Path) -> Any:
    folder.mkdir()
    copy = type(shop)(folder / shop.path.name, shop.dbt)
    copy.path.write_bytes(shop.path.read_bytes())
    return copy


def test_a_repeated_pass_adds_nothing(morning: Any) -> None:
    """Deciding again at the same instant, as another run, leaves every record as it was."""
    decide(morning, EVENING, 2, "tag:decisions")
    once = records(morning)
    verdicts = {verdict for (verdict,) in morning.rows("select distinct verdict from analysis.act_decisions")}
    assert verdicts >= {"send", "outranked", "deferred_cap", "held_out_trigger"}
    announce(morning, 2, EVENING)
    decide(morning, EVENING, 3, "tag:decisions")
    assert records(morning) == once


def test_a_run_that_was_never_announced_decided_nothing(morning: Any) -> None:
    """The next one at that instant hands over the same, and neither enters nor assigns anybody twice."""
    decide(morning, EVENING, 2, "tag:decisions")
    once, handed_over = standing(morning), messages(morning)
    abandoned = morning.rows("select count(*) from analysis.act_messages where run_id = 2")
    assert abandoned != [(0,)]
    decide(morning, EVENING, 3, "tag:decisions")
    assert standing(morning) == once
    assert messages(morning) == handed_over
    assert morning.rows("select count(*) from analysis.act_messages where run_id = 2") == [(0,)]
    assert morning.rows("select count(*) from analysis.act_messages where run_id = 3") == abandoned


def test_what_is_blocked_after_a_run_leaves_its_place_to_others(morning: Any) -> None:
    """Deciding once more, a trigger that is now blocked sends nothing and outranks nobody; mended, it goes out.

    Whoever entered or was assigned before stays so.
    """
    blocked, outranked = "cart_abandonment", "welcome_series"
    decide(morning, EVENING, 2, "tag:decisions")
    first = records(morning)
    block(morning, f"trigger:{blocked}", EVENING, EVENING + timedelta(hours=1))
    decide(morning, EVENING, 3, "tag:decisions")
    assert sent(morning, blocked, 2) > sent(morning, blocked, 3) == 0
    assert sent(morning, outranked, 3) > sent(morning, outranked, 2)
    verdicts = f"select distinct verdict from analysis.act_decisions where run_id = 3 and trigger_id = '{blocked}'"
    assert morning.rows(verdicts) == [("blocked_by_quality",)]
    assert set(first["act_assignments"]) <= set(records(morning)["act_assignments"])
    assert set(first["act_entries"]) <= set(records(morning)["act_entries"])
    announce(morning, 3, EVENING)
    decide(morning, EVENING + timedelta(days=1), 4)
    assert sent(morning, blocked, 4) > 0


@pytest.mark.parametrize("scope", ["channel:email", "all"])
def test_a_block_of_everything_takes_every_message_back(morning: Any, scope: str) -> None:
    """Whatever the abandoned run decided to send is blocked by the next one, which hands over nothing new."""
    decide(morning, EVENING, 2, "tag:decisions")
    chosen = "select occurrence_id from analysis.act_decisions where run_id = 2 and verdict = 'send'"
    block(morning, scope, EVENING, EVENING + timedelta(hours=1))
    decide(morning, EVENING, 3, "tag:decisions")
    verdicts = f"select distinct verdict from analysis.act_decisions where run_id = 3 and occurrence_id in ({chosen})"
    assert morning.rows(verdicts) == [("blocked_by_quality",)]
    assert morning.rows("select * from analysis.act_messages where withdrawn_reason is null") == []


def test_a_crash_between_two_models_is_completed_by_the_next_run(morning: Any, tmp_path: Path) -> None:
    """Whichever record a run wrote last before it stopped, the next run at that instant ends as one whole run would."""
    whole = copied(morning, tmp_path / "whole")
    decide(whole, EVENING, 2, "tag:decisions")
    expected = standing(whole)
    models = chain(morning)
    assert models.index("act_entries") < models.index("act_decisions")
    for record in (name for name, rows in records(whole).items() if rows):
        stopped = copied(morning, tmp_path / record)
        decide(stopped, EVENING, 2, " ".join(models[: models.index(record) + 1]))
        decide(stopped, EVENING, 3, "tag:decisions")
        assert standing(stopped) == expected, record


def test_an_analysis_leaves_the_live_records_alone(shop: Any, tmp_path: Path) -> None:
    """On the live target a run that is not live records nothing."""
    shop.load(MORNING, people(EARLY, MORNING - timedelta(hours=1)))
    live = type(shop.dbt)(tmp_path)
    live.manifest = live.invoke(shop.path, "parse", "--target", "live")
    variables = {"as_of": str(MORNING), "run_id": 1, "run_mode": "analysis"}
    live.invoke(shop.path, "run", "--target", "live", "--vars", json.dumps(variables))
    assert shop.rows("select count(*) from activation.trg_welcome_series") != [(0,)]
    for record in RECORDS:
        assert shop.rows(f"select count(*) from activation.{record}") == [(0,)], record
    live.invoke(shop.path, "run", "--target", "live", "--vars", json.dumps(variables | {"run_mode": "live"}))
    assert shop.rows("select count(*) from activation.act_decisions") != [(0,)]
