"""Variants, digests and plans through all of the decisions, on a scratch warehouse."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

# A Tuesday on which all markets permit marketing.
LAUNCH = datetime(2026, 3, 3, 9)
NOON = datetime(2026, 3, 3, 12)
EVENING = datetime(2026, 3, 3, 17)
PEOPLE = [f"c{number}" for number in range(12)]
EVERYONE: dict[str, Any] = {"caps": [{"cap_id": "daily", "purpose": "marketing", "days": 1, "max_messages": 1}]}
EVERYONE |= {"global_holdout_share": 0}


def signed_up_with_a_cart(name: str, at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Somebody new, who agreed, and left a mug behind."""
    base = {"user_id": name, "anonymous_id": None, "occurred_at": at, "received_at": at, "context": {}}
    added = {"product_id": "p1", "name": "Mug", "price": 9.5, "quantity": 1}
    address = {"customer_id": name, "channel": "email", "address": f"{name}@post.example", "is_primary": True}
    consent = {"contact_point_id": f"cp{name}", "channel": "email", "purpose": "marketing", "brand": "default"}
    consent |= {"status": "granted", "is_confirmed": True, "source": "form"}
    shared = {"changed_at": at, "is_deleted": False}
    return [
        ("events", base | {"event_id": f"{name}:up", "event_name": "Signed Up", "properties": {}}),
        ("events", base | {"event_id": f"{name}:add", "event_name": "Product Added", "properties": added}),
        ("contact_points", {"id": f"cp{name}", "attributes": address} | shared),
        ("consents", {"id": f"cp{name}:email", "attributes": consent} | shared),
    ]


@pytest.fixture(scope="module")
def ruled(dbt: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """dbt with other policies: `ruled(cart_abandonment={"approval": 5})`."""

    def make(**policies: dict[str, Any]) -> Any:
        other = type(dbt)(tmp_path_factory.mktemp("ruled"))
        other.manifest = other.invoke(other.scratch / "warehouse.duckdb", "parse")
        for trigger_id, changes in policies.items():
            node = other.manifest.nodes[f"model.activation.trg_{trigger_id}"]
            node.config.meta["trigger"].update(changes)
        return other

    return make


@pytest.fixture
def open_shop(shop: Any, ruled: Callable[..., Any]) -> Callable[..., Any]:
    """A shop under other policies, launched, whose people came at noon."""

    def make(**policies: dict[str, Any]) -> Any:
        shop.dbt = ruled(**policies)
        decide(shop, LAUNCH, 1)
        announce(shop, 1, LAUNCH)
        shop.load(NOON, [row for name in PEOPLE for row in signed_up_with_a_cart(name, NOON)])
        return shop

    return make


def decide(shop: Any, at: datetime, run_id: int) -> None:
    variables = EVERYONE | {"as_of": str(at), "run_id": run_id, "run_mode": "live"}
    shop.dbt.invoke(shop.path, "run", "--vars", json.dumps(variables))


def announce(shop: Any, run_id: int, at: datetime) -> None:
    row = f"({run_id}, 'batch', timestamp '{at}', 'live', timestamp '{at}')"
    shop.execute(f"insert into engine.runs (run_id, lane, as_of, mode, announced_at) values {row}")


def verdicts(shop: Any, run_id: int) -> dict[str, int]:
    """How often a run said what of carts."""
    query = "select verdict, count(*) from analysis.act_decisions where trigger_id = 'cart_abandonment' and run_id = {}"
    return dict(shop.rows(query.format(run_id) + " group by all"))


WITHOUT_HOLDOUT = {"experiment": None}
CARTS_ONLY = {"welcome_series": {"enabled": False}}


def test_a_plan_waits_for_its_yes_and_then_goes_as_it_was(open_shop: Callable[..., Any]) -> None:
    """All wait under one digest; a yes releases them and nobody who came later beyond the number."""
    shop = open_shop(cart_abandonment=WITHOUT_HOLDOUT | {"approval": 5}, **CARTS_ONLY)
    decide(shop, EVENING, 2)
    announce(shop, 2, EVENING)
    assert verdicts(shop, 2) == {"awaiting_approval": len(PEOPLE)}
    waiting = "select distinct plan_digest from analysis.act_decisions where run_id = 2 and plan_digest is not null"
    ((digest,),) = shop.rows(waiting)
    assert shop.rows("select * from analysis.act_messages") == []
    once = shop.rows("select count(*) from analysis.act_decisions")
    decide(shop, EVENING, 3)
    announce(shop, 3, EVENING)
    assert shop.rows("select count(*) from analysis.act_decisions") == once, "the same question is asked once"
    later = EVENING + timedelta(minutes=30)
    shop.execute(
        "insert into engine.approvals (sequence, trigger_id, plan_digest, verdict, decided_by, decided_at, copied_at) "
        f"values (1, 'cart_abandonment', '{digest}', 'approve', 'Lena', timestamp '{later}', timestamp '{later}')"
    )
    decide(shop, later, 4)
    assert verdicts(shop, 4) == {"send": len(PEOPLE)}
    assert shop.rows("select count(*), min(withdrawn_reason) from analysis.act_messages") == [(len(PEOPLE), None)]


def test_a_digest_is_one_message_and_ends_as_one(open_shop: Callable[..., Any]) -> None:
    """Two triggers ride in one message under one cap; when it comes back, both are decided again."""
    news = WITHOUT_HOLDOUT | {"digest": "news"}
    shop = open_shop(cart_abandonment=news, welcome_series=news)
    decide(shop, EVENING, 2)
    announce(shop, 2, EVENING)
    found = shop.rows("select message_key, decision_id, occurrence_ids, items from analysis.act_messages")
    assert len(found) == len(PEOPLE)
    assert {len(json.loads(ids)) for _, _, ids, _ in found} == {2}
    triggers = {tuple(item["trigger"] for item in json.loads(items)) for *_, items in found}
    assert {frozenset(pair) for pair in triggers} == {frozenset({"cart_abandonment", "welcome_series"})}
    later = EVENING + timedelta(minutes=30)
    for sequence, (key, decision_id, ids, _) in enumerate(found[:3], start=1):
        shop.execute(
            "insert into engine.delivery_changes (sequence, message_key, decision_id, occurrence_ids, state, "
            "changed_at, copied_at, customer_id, unit_id, channel, contact_point, purpose) values "
            f"({sequence}, '{key}', '{decision_id}', '{ids}', 'returned', timestamp '{later}', timestamp '{later}', "
            "'c', 'c', 'email', 'x', 'marketing')"
        )
    decide(shop, later, 3)
    again = shop.rows(
        "select trigger_id, count(*) from analysis.act_decisions where run_id = 3 and verdict = 'send' group by all"
    )
    assert dict(again) == {"cart_abandonment": 3, "welcome_series": 3}
    keys = shop.rows("select message_key from analysis.act_messages where run_id = 3")
    assert {key for (key,) in keys} == {key for key, *_ in found[:3]}


def test_a_variant_changes_what_is_sent_and_when(open_shop: Callable[..., Any]) -> None:
    """Subject, sender and offer are in the message of its unit; who is to wait is not due yet."""
    variants = [
        {"name": "now", "weight": 50, "subject": "Your mug", "sender": "club", "offer": "TEN"},
        {"name": "later", "weight": 50, "delay": "2h"},
    ]
    experiment = {"salt": "subjects", "holdout": 0, "variants": variants}
    shop = open_shop(cart_abandonment={"experiment": experiment}, **CARTS_ONLY)
    decide(shop, EVENING, 2)
    announce(shop, 2, EVENING)
    found = dict(shop.rows("select variant, count(*) from analysis.act_arms where trigger_id is not null group by all"))
    assert set(found) == {"now", "later"}
    assert verdicts(shop, 2) == {"send": found["now"], "deferred_send_time": found["later"]}
    said = shop.rows("select distinct variant, subject, sender, offer from analysis.act_messages")
    assert said == [("now", "Your mug", "club", "TEN")]
    later = EVENING + timedelta(hours=2)
    decide(shop, later, 3)
    assert verdicts(shop, 3) == {"send": found["later"]}
    ((subject, sender, offer),) = shop.rows(
        "select distinct subject, sender, offer from analysis.act_messages where variant = 'later'"
    )
    assert (subject, sender, offer) == (None, "shop", None)
