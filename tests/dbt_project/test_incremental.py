"""Whatever the loads and whichever models ran in between, the tables end as one rebuild would make them."""

import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

EXAMPLES = int(os.environ.get("ACTIVATION_INCREMENTAL_EXAMPLES", "2"))
WORLDS = 25
START = datetime(2026, 1, 1)
USERS = [f"u{number}" for number in range(6)]
DEVICES = [f"a{number}" for number in range(12)]
PRODUCTS = ["p1", "p2", "p3"]
ORDERS = [f"o{number}" for number in range(8)]
NOBODY = [None, "", "guest", "null"]
EVENT_NAMES = [
    "Product Viewed",
    "Product Added",
    "Product Added",
    "Product Removed",
    "Order Completed",
    "Order Refunded",
    "Order Cancelled",
    "Signed Up",
    "Signed In",
]


def event(chance: random.Random, number: int) -> dict[str, Any]:
    """One event of a random person, sometimes of a device, sometimes of both, sometimes of a placeholder."""
    occurred_at = START + timedelta(minutes=chance.choice([10, 30, 600]) * chance.randrange(400))
    row = {
        "event_id": f"e{number:03}",
        "event_name": chance.choice(EVENT_NAMES),
        "user_id": chance.choice([*USERS, *NOBODY, None, None, None]),
        "anonymous_id": chance.choice([*DEVICES, *DEVICES, None, ""]),
        "occurred_at": occurred_at,
        "received_at": occurred_at + timedelta(minutes=chance.choice([0, 0, 5000])),
        "context": {},
    }
    return row | {"properties": properties(chance, row["event_name"])}


def properties(chance: random.Random, name: str) -> dict[str, Any]:
    line = {"product_id": chance.choice(PRODUCTS), "price": 10.5, "quantity": chance.choice([1, 1, 2]), "name": "A"}
    cart = {"cart_id": chance.choice(["c1", "c2"])} if chance.random() < 0.5 else {}
    match name:
        case "Order Completed":
            lines = [line, line | {"product_id": "p1"}]
            return {"order_id": chance.choice(ORDERS), "total": 30, "currency": "EUR", "products": lines, **cart}
        case "Order Refunded":
            order_id = chance.choice([*ORDERS, *ORDERS, "credit", "credit", None])
            return {"order_id": order_id, "total": chance.choice([10, 20, 30, None]), "products": [line]}
        case "Order Cancelled":
            return {"order_id": chance.choice(ORDERS)}
        case "Signed Up" | "Signed In":
            return {}
        case _:
            return line | cart | {"currency": "EUR"}


def change(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """One change of a customer, a contact point (which may move to another customer) or a consent."""
    changed_at = START + timedelta(hours=chance.randrange(400))
    point = f"cp{chance.randrange(4)}"
    table = chance.choice(["customers", "contact_points", "consents"])
    consent = {"contact_point_id": point, "channel": "email", "purpose": "marketing", "brand": "default"}
    attributes = {
        "customers": {"first_name": chance.choice("AB"), "timezone": chance.choice(["Europe/Paris", "Moon/Base"])},
        "contact_points": {
            "customer_id": chance.choice(USERS),
            "channel": "email",
            "address": f"{point}{chance.randrange(2)}@post.example",
            "is_primary": True,
        },
        "consents": consent
        | {"status": chance.choice(["granted", "withdrawn"]), "is_confirmed": chance.random() < 0.5, "source": "x"},
    }[table]
    identifier = {"customers": chance.choice(USERS), "contact_points": point, "consents": f"{point}:email"}[table]
    row = {"id": identifier, "attributes": attributes, "changed_at": changed_at, "is_deleted": chance.random() < 0.1}
    return table, row


def history(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Rows in random order; some events come again, some of those under another person."""
    rows: list[tuple[str, dict[str, Any]]] = [("events", event(chance, number)) for number in range(50)]
    for _, row in chance.sample(rows, 6):
        again = row | {"user_id": chance.choice([row["user_id"], *USERS])}
        rows.append(("events", again))
    rows += [change(chance) for _ in range(15)]
    chance.shuffle(rows)
    return rows


def worlds(chance: random.Random, loads: int) -> list[list[tuple[str, dict[str, Any]]]]:
    """The rows of each load: many small worlds, of which a load after the first brings one row or two each.

    Small, since a load that touches everyone would hide a key that nobody listed.
    """
    parts: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in range(loads)]
    for world in range(WORLDS):
        for position, (table, row) in enumerate(history(chance)):
            number = 0 if position >= 2 * loads else chance.randrange(1, loads) if loads > 1 else 0
            parts[number].append((table, _named(row, f"w{world}.")))
    return parts


def _named(value: Any, world: str) -> Any:
    """The row with its world's name in all its ids."""
    if not isinstance(value, dict):
        return value
    return {key: world + text if _is_id(key, text) else _named(text, world) for key, text in value.items()}


def _is_id(key: str, text: Any) -> bool:
    return (key == "id" or key.endswith("_id")) and text not in NOBODY


def rebuilt_models(dbt: Any, path: Any) -> list[str]:
    """The models that a full refresh may rebuild, all of whose parents are such too."""
    if dbt.manifest is None:
        dbt.manifest = dbt.invoke(path, "parse")
    nodes = {key: node for key, node in dbt.manifest.nodes.items() if node.resource_type == "model"}

    def is_rebuilt(key: str) -> bool:
        if key.startswith("source.engine") or ".engine." in key:
            return False
        if key not in nodes:
            return True
        node = nodes[key]
        if node.config.full_refresh is False or node.fqn[1] in ("activation", "seeds"):
            return False
        return all(is_rebuilt(parent) for parent in node.depends_on.nodes)

    return sorted(nodes[key].name for key in nodes if is_rebuilt(key))


def differences(shop: Any, models: list[str]) -> dict[str, list[Any]]:
    """Rows of either side only. The change list is a record of what was done, not a fact to be rebuilt."""
    found = {}
    for model in set(models) - {"int_changed_customers"}:
        for kept, other in (("kept", "analysis"), ("analysis", "kept")):
            rows = shop.rows(f"select * from {kept}.{model} except all select * from {other}.{model}")
            if rows:
                found[f"{model}: only in {kept}"] = rows[:5]
    return found


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_any_loads_and_any_runs_end_as_one_rebuild(shop: Any, seed: int) -> None:
    """Random splits of the rows into loads, with random subsets of models run in between, give the rebuild's tables."""
    chance = random.Random(seed)
    models = rebuilt_models(shop.dbt, shop.path)
    assert "int_events" in models
    at = START + timedelta(days=chance.choice([2, 20]))
    for number, rows in enumerate(worlds(chance, chance.randint(2, 4))):
        at += timedelta(days=chance.choice([0, 3, 35]))
        shop.load(at, rows, is_history=number == 0 or (number == 1 and chance.random() < 0.5))
        if number == 0:
            shop.run(at, models)
        elif chance.random() < 0.7:
            shop.run(at, chance.sample(models, chance.randint(1, len(models))))
    shop.run(at, models)
    _keep(shop, models)
    shop.run(at, models, "--full-refresh")
    assert differences(shop, models) == {}


def _keep(shop: Any, models: list[str]) -> None:
    shop.execute("create schema kept")
    for model in models:
        shop.execute(f"create table kept.{model} as select * from analysis.{model}")


def test_an_empty_build_claims_nothing(shop: Any) -> None:
    """After `dbt run --empty` the next run takes every load in."""
    models = ["int_identities", "int_changed_customers", "int_events"]
    parents = [f"+{model}" for model in models]
    shop.load(START, [("events", event(random.Random(1), number)) for number in range(20)])
    shop.run(START, parents, "--empty")
    assert shop.rows("select count(*) from analysis.int_events") == [(0,)]
    shop.run(START, parents)
    assert shop.rows("select count(*) > 0 from analysis.int_events") == [(True,)]
    watermark = "select load_id from analysis.model_watermarks where model = 'int_events'"
    assert shop.rows(watermark) == [(1,)]
