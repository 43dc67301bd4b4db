"""Whose an event is, by the rules of docs/identity.md told in plain Python, and the same whatever was loaded when."""

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

Row = tuple[str, dict[str, Any]]
EXAMPLES = int(os.environ.get("ACTIVATION_IDENTITY_EXAMPLES", "2"))
WORLDS = 60
START = datetime(2026, 1, 1)
FOREVER = datetime(1900, 1, 1)
USERS = [f"u{number}" for number in range(6)]
DEVICES = [f"a{number}" for number in range(5)]
NOBODY = ["", "guest", "null", None]
LIMITS = {"max_devices_per_user": 3, "max_users_per_device": 3}
MODELS = [
    *("int_sign_outs", "int_identities", "int_crowded_identities", "int_device_owners", "int_rejected_identities"),
    *("int_merge_claims", "int_merge_changes", "int_customer_merges", "int_rejected_merges"),
    *("int_order_references", "int_customer_things", "int_thing_changes", "int_changed_customers", "int_events"),
    *("int_changed_contact_points", "int_contact_points", "int_consent_changes", "int_customer_profiles"),
    *("int_unit_links", "int_unit_customers", "int_units"),
]
STAGED = (
    "event placeholder_event customer_change contact_point_change consent_change account_change subscription_change"
)
STAGED += " invoice_change booking_change incident_change loyalty_point_change service_contact_change"
STAGING = [f"stg_activation__{name}s" for name in STAGED.split()]


class Rules:
    """The rules over all deliveries of one world, as somebody would apply them by hand."""

    def __init__(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        self.deliveries = [row for table, row in rows if table == "events"]
        self.customers = [row for table, row in rows if table == "customers"]
        self.sign_outs: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for row in self.deliveries:
            if row["event_name"] == "Signed Out" and row["device"]:
                self.sign_outs[row["device"]].append((row["occurred_at"], row["known_at"]))
        self.crowds = self._crowds()
        self.claims = self._claims()

    def events(self) -> dict[str, tuple[Any, ...]]:
        """Of each event that is a person's: customer, profile, whether identified, known_at."""
        found: dict[str, tuple[Any, ...]] = {}
        owners = self._owners()
        for row in sorted(self.deliveries, key=_delivery_order):
            if row["event_id"] not in found and (row["user"] or row["device"]):
                found[row["event_id"]] = self._stitched(row, owners)
        return {event_id: person for event_id, person in found.items() if person[0]}

    def _stitched(self, row: dict[str, Any], owners: dict[tuple[str, datetime], tuple[str, datetime]]) -> Any:
        user = None if row["user"] in self.crowds["user"] else row["user"]
        device = None if row["device"] in self.crowds["device"] else row["device"]
        known_at = row["known_at"]
        if user is None and device is not None and (owner := owners.get((device, self._stretch(row)))):
            user, known_at = owner[0], max(known_at, owner[1])
        if user is not None:
            return self.survivor(user), user, True, known_at
        name = None if device is None else f"anonymous:{device}"
        return name, name, False, known_at

    def _stretch(self, row: dict[str, Any]) -> datetime:
        """The last sign-out before, of those known by then."""
        before = [
            at for at, known in self.sign_outs[row["device"]] if at < row["occurred_at"] and known <= row["known_at"]
        ]
        return max(before, default=FOREVER)

    def _owners(self) -> dict[tuple[str, datetime], tuple[str, datetime]]:
        owners: dict[tuple[str, datetime], tuple[str, datetime]] = {}
        for row in sorted(self.deliveries, key=lambda row: (row["known_at"], row["occurred_at"], row["user"] or "")):
            if row["user"] and row["device"] and row["user"] not in self.crowds["user"]:
                owners.setdefault((row["device"], self._stretch(row)), (row["user"], row["known_at"]))
        return owners

    def _crowds(self) -> dict[str, set[str]]:
        pairs = {(row["user"], row["device"]) for row in self.deliveries if row["user"] and row["device"]}
        users = [user for user, _ in pairs]
        devices = [device for _, device in pairs]
        return {
            "user": {user for user in users if users.count(user) > LIMITS["max_devices_per_user"]},
            "device": {device for device in devices if devices.count(device) > LIMITS["max_users_per_device"]},
        }

    def _claims(self) -> dict[str, tuple[str, datetime]]:
        """What counts of who turned out to be whom: one claim per customer, no crowd, of a circle not the last."""
        latest: dict[str, dict[str, Any]] = {}
        rows = sorted(self.customers, key=lambda row: row["attributes"].get("merged_into", ""), reverse=True)
        for row in sorted(rows, key=lambda row: (row["changed_at"], row["known_at"], row["load_id"])):
            if not row["is_deleted"]:
                latest[row["id"]] = row
        claims = {}
        for name, row in latest.items():
            into = row["attributes"].get("merged_into")
            if into and not {name, into} & self.crowds["user"]:
                claims[name] = (into, self._claimed_at(name, into))
        for name in sorted(claims):
            if circle := _circle(claims, name):
                del claims[max(circle, key=lambda name: (claims[name][1], name))]
        return claims

    def _claimed_at(self, name: str, into: str) -> datetime:
        said = (row for row in self.customers if row["id"] == name and not row["is_deleted"])
        return min(row["known_at"] for row in said if row["attributes"].get("merged_into") == into)

    def survivor(self, name: str) -> str:
        while name in self.claims:
            name = self.claims[name][0]
        return name


def _circle(claims: dict[str, tuple[str, datetime]], name: str) -> set[str]:
    """The customers of the circle that the claims from a customer on run into, while there is one."""
    path = [name]
    while path[-1] in claims:
        path.append(claims[path[-1]][0])
        if path[-1] in path[:-1]:
            return set(path[path.index(path[-1]) :])
    return set()


def _delivery_order(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["known_at"],
        row["load_id"],
        row["occurred_at"],
        row["received_at"],
        row["user"] or "",
        row["device"] or "",
    )


def event(chance: random.Random, number: int) -> Row:
    """An event on one of few devices, of somebody, nobody or a placeholder; some sign out."""
    occurred_at = START + timedelta(minutes=10 * chance.randrange(60))
    user = chance.choice([*USERS[:3], chance.choice(USERS), None, None, None, chance.choice(NOBODY)])
    row = {
        "event_id": f"e{number:02}",
        "event_name": chance.choice(["Product Viewed", "Product Viewed", "Signed In", "Signed Out"]),
        "user_id": user,
        "anonymous_id": chance.choice([*DEVICES, *DEVICES[:2], *DEVICES[:2], chance.choice(NOBODY)]),
        "occurred_at": occurred_at,
        "received_at": occurred_at,
        "properties": {},
        "context": {},
    }
    return "events", row


def merge(chance: random.Random) -> Row:
    """A row of a customer, who mostly turned out to be somebody, at times themselves, at times nobody else again."""
    into = chance.choice([*USERS, *USERS, None, chance.choice(NOBODY)])
    changed_at = START + timedelta(hours=chance.randrange(24))
    attributes = {} if into is None else {"merged_into": into}
    gone = chance.random() < 0.15
    return "customers", {
        "id": chance.choice(USERS),
        "attributes": attributes,
        "changed_at": changed_at,
        "is_deleted": gone,
    }


def contact(chance: random.Random) -> Row:
    """A contact point of a customer, or a consent for it."""
    point = f"cp{chance.randrange(3)}"
    changed_at = START + timedelta(hours=chance.randrange(24))
    if chance.random() < 0.7:
        table, identifier = "contact_points", point
        attributes = {
            "customer_id": chance.choice([*USERS, "guest"]),
            "channel": "email",
            "address": f"{point}@post.example",
        }
    else:
        table, identifier = "consents", f"{point}:email"
        attributes = {"contact_point_id": point, "channel": "email", "purpose": "marketing", "status": "granted"}
    return table, {"id": identifier, "attributes": attributes, "changed_at": changed_at, "is_deleted": False}


def world(chance: random.Random) -> list[Row]:
    """Rows in random order; some events come again, some of those under another person."""
    rows = [event(chance, number) for number in range(chance.randint(5, 30))]
    for table, row in chance.sample(rows, 2):
        rows.append((table, row | {"user_id": chance.choice([row["user_id"], *USERS])}))
    rows += [merge(chance) for _ in range(chance.choice([0, 2, 5]))]
    rows += [contact(chance) for _ in range(4)]
    chance.shuffle(rows)
    return rows


def named(value: Any, prefix: str, key: str = "") -> Any:
    """A row with its world's name in all its ids; a placeholder stays one."""
    if isinstance(value, dict):
        return {name: named(inner, prefix, name) for name, inner in value.items()}
    is_id = key in ("id", "merged_into") or key.endswith("_id")
    return prefix + value if is_id and value not in NOBODY else value


def loads(chance: random.Random) -> list[list[Row]]:
    """The rows of each load: a load after the first brings a row or two of each world, so that none hides another."""
    parts: list[list[Row]] = [[] for _ in range(chance.randint(2, 4))]
    for number in range(WORLDS):
        for position, (table, row) in enumerate(world(chance)):
            late = position < 2 * len(parts) - 2
            parts[chance.randrange(1, len(parts)) if late else 0].append((table, named(row, f"w{number}.")))
    return parts


def run(shop: Any, at: datetime, models: Iterable[str], *flags: str, **limits: int) -> None:
    variables = json.dumps({"as_of": str(at)} | (limits or LIMITS))
    shop.dbt.invoke(shop.path, "run", "--vars", variables, "--select", *models, *flags)


def loaded(shop: Any) -> list[Row]:
    """Every row as the warehouse has it, with its placeholders gone."""
    found: list[Row] = []
    names = ["event_id", "event_name", "user", "device", "occurred_at", "received_at", "known_at", "load_id"]
    columns = "event_id, event_name, user_id, anonymous_id, occurred_at, received_at, known_at, load_id"
    events = shop.rows(f"select {columns} from raw.events")
    for values in events:
        row = dict(zip(names, values, strict=True))
        found.append(("events", row | {key: None if row[key] in NOBODY else row[key] for key in ("user", "device")}))
    names = ["id", "attributes", "changed_at", "is_deleted", "known_at", "load_id"]
    for values in shop.rows(f"select {', '.join(names)} from raw.customers"):
        row = dict(zip(names, values, strict=True))
        attributes = {key: text for key, text in json.loads(row["attributes"]).items() if text not in NOBODY}
        found.append(("customers", row | {"attributes": attributes}))
    return found


def expected(shop: Any) -> dict[str, tuple[Any, ...]]:
    """What the rules make of every world's events."""
    worlds: dict[str, list[Row]] = defaultdict(list)
    for table, row in loaded(shop):
        worlds[(row["event_id"] if table == "events" else row["id"]).split(".")[0]].append((table, row))
    found: dict[str, tuple[Any, ...]] = {}
    for rows in worlds.values():
        found |= Rules(rows).events()
    return found


def built(shop: Any) -> dict[str, tuple[Any, ...]]:
    columns = "event_id, customer_id, profile_id, is_identified, known_at"
    return {row[0]: row[1:] for row in shop.rows(f"select {columns} from analysis.int_events")}


def differences(shop: Any) -> dict[str, list[Any]]:
    """Rows of either side only; the list of customers concerned is a record of what was done."""
    found = {}
    for model in set(MODELS) - {"int_changed_customers"}:
        for kept, other in (("kept", "analysis"), ("analysis", "kept")):
            if rows := shop.rows(f"select * from {kept}.{model} except all select * from {other}.{model}"):
                found[f"{model}: only in {kept}"] = rows[:4]
    return found


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_everyone_is_whom_the_rules_say_whatever_came_when(shop: Any, seed: int) -> None:
    """Devices, sign-outs, merges and crowds over random loads and runs give the rules' persons, as one rebuild does."""
    chance = random.Random(seed)
    at = START + timedelta(days=2)
    for number, rows in enumerate(loads(chance)):
        at += timedelta(days=chance.choice([0, 3]))
        shop.load(at, rows, is_history=number == 0 and chance.random() < 0.5)
        if number == 0:
            run(shop, at, [*STAGING, *MODELS])
        elif chance.random() < 0.7:
            run(shop, at, [*STAGING, *chance.sample(MODELS, chance.randint(1, len(MODELS)))])
    run(shop, at, [*STAGING, *MODELS])
    rules = expected(shop)
    assert _unlike(built(shop), rules) == {}
    shop.execute("create schema kept")
    for model in MODELS:
        shop.execute(f"create table kept.{model} as select * from analysis.{model}")
    run(shop, at, MODELS, "--full-refresh")
    assert differences(shop) == {}
    assert built(shop) == rules
    assert_everything_was_tried(shop)


def assert_everything_was_tried(shop: Any) -> None:
    """Crowds of both kinds, circles, chains, sign-outs that part owners, and merges taken back."""
    assert set(shop.rows("select distinct identity_kind from analysis.int_crowded_identities")) == {
        ("user",),
        ("device",),
    }
    assert set(shop.rows("select distinct reason from analysis.int_rejected_merges")) == {
        ("itself",),
        ("circle",),
        ("crowd",),
    }
    parted = "select anonymous_id from analysis.int_device_owners group by all having count(distinct user_id) > 1"
    chains = "select 1 from analysis.int_customer_merges group by customer_id having count(*) > 1"
    taken_back = "select 1 from analysis.int_merge_claims group by customer_id having not bool_or(is_current)"
    assert all(shop.rows(query) for query in (parted, chains, taken_back))


def _unlike(found: dict[str, Any], rules: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [name for name in found.keys() | rules.keys() if found.get(name) != rules.get(name)]
    return {name: (found.get(name), rules.get(name)) for name in sorted(names)[:5]}


def test_one_id_on_ten_thousand_devices_is_nobody(shop: Any) -> None:
    """At the limit it is a person; beyond, its events are the devices' owners' and cost no more than their device."""
    count, limit = 10_000, 1_000
    limits = {"max_devices_per_user": limit, "max_users_per_device": 100}
    owners = [seen(f"o{number}", f"u{number}", number) for number in range(count)]
    shop.load(START, [*owners, *(seen(f"t{number}", "test", number) for number in range(limit))])
    run(shop, START, [*STAGING, *MODELS], **limits)
    assert shop.rows("select count(*) from analysis.int_events where customer_id = 'test'") == [(limit,)]
    at = START + timedelta(days=1)
    shop.load(at, [seen(f"t{number}", "test", number) for number in range(limit, count)])
    run(shop, at, [*STAGING, *MODELS], **limits)
    owned = "select count(*), count(distinct customer_id) from analysis.int_events where user_id = 'test'"
    assert shop.rows(owned) == [(count, count)]
    assert shop.rows("select count(*) from analysis.int_events where customer_id = 'test'") == [(0,)]
    listed = (
        "select identity_id, reason, event_count, nobodys_event_count, known_at from analysis.int_rejected_identities"
    )
    assert shop.rows(listed) == [("test", "crowd", count, 0, at)]
    shop.load(at, [seen("again", "test", 5)])
    run(shop, at, [*STAGING, *MODELS], **limits)
    concerned = "select customer_id from analysis.int_changed_customers where load_id = 3"
    assert {name for (name,) in shop.rows(concerned)} == {"test", "u5", "anonymous:a5"}
    assert shop.rows("select customer_id from analysis.int_events where event_id = 'again'") == [("u5",)]


def seen(event_id: str, user: str, device: int) -> Row:
    row = {"event_id": event_id, "event_name": "Signed In", "user_id": user, "anonymous_id": f"a{device}"}
    return "events", row | {"occurred_at": START, "received_at": START, "properties": {}, "context": {}}
