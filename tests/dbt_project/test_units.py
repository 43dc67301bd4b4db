"""Who is one unit, by the rules of docs/identity.md told in plain Python, and the same whatever was loaded when."""

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
EXAMPLES = int(os.environ.get("ACTIVATION_UNITS_EXAMPLES", "1"))
WORLDS = 60
LIMIT = 3
START = datetime(2026, 1, 1)
USERS = [f"u{number}" for number in range(9)]
NOBODY = ["guest", "unknown", "", None]
VARIABLES = {"max_customers_per_contact_point": LIMIT, "max_devices_per_user": 2}
PARENTS = ["+int_units"]
OWN = ["int_unit_links", "int_unit_customers", "int_units"]
OTHERS = [
    *("int_identities", "int_crowded_identities", "int_merge_claims", "int_customer_merges", "int_changed_customers"),
    *("int_events", "int_customer_profiles"),
]
UNITS = "select customer_id, unit_id, unit_size from analysis.int_units"


def customer(chance: random.Random) -> Row:
    """Somebody's row: often of a household or an account, at times of none any more, at times absorbed."""
    attributes = {
        "household_id": chance.choice(["h1", "h1", "h2", "h3", None, None, *NOBODY]),
        "account_id": chance.choice(["b1", "b1", "b1", "b2", None, "unknown"]),
        "merged_into": chance.choice([*USERS, *[None] * 30]),
    }
    return "customers", _change(chance, chance.choice(USERS), attributes)


def contact_point(chance: random.Random) -> Row:
    """A contact point, which goes from one customer and one address to another; addresses are written in many ways."""
    channel, address = chance.choice(
        [
            ("email", f"{chance.choice('abcdef')}@post.example"),
            ("email", f" {chance.choice('ABCdef')}@Post.Example"),
            ("sms", chance.choice(["+49 30 123456", "0049-30-123456", "+49301234567"])),
            ("push", chance.choice("xX")),
            ("email", chance.choice(["none", "", None])),
            (None, "a@post.example"),
        ]
    )
    attributes = {"customer_id": chance.choice([*USERS, *USERS, "guest"]), "channel": channel, "address": address}
    return "contact_points", _change(chance, f"cp{chance.randrange(8)}", attributes)


def _change(chance: random.Random, name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    said = {key: text for key, text in attributes.items() if text is not None}
    changed_at = START + timedelta(hours=chance.randrange(48))
    return {"id": name, "attributes": said, "changed_at": changed_at, "is_deleted": chance.random() < 0.1}


def sign_in(chance: random.Random, number: int) -> Row:
    """Somebody on a device; who is on many is a crowd and no customer."""
    at = START + timedelta(hours=chance.randrange(48))
    row = {"event_id": f"e{number}", "event_name": "Signed In", "user_id": chance.choice([*USERS, *["u0"] * 9])}
    row["anonymous_id"] = f"a{chance.randrange(4) if row['user_id'] == 'u0' else row['user_id']}"
    return "events", row | {"occurred_at": at, "received_at": at, "properties": {}, "context": {}}


def world(chance: random.Random) -> list[Row]:
    rows = [customer(chance) for _ in range(chance.randint(0, 24))]
    rows += [contact_point(chance) for _ in range(chance.randint(4, 24))]
    rows += [sign_in(chance, number) for number in range(8)]
    chance.shuffle(rows)
    return rows


def named(value: Any, prefix: str, key: str = "") -> Any:
    """A row with its world's name in all that ties; a placeholder stays one."""
    if isinstance(value, dict):
        return {name: named(inner, prefix, name) for name, inner in value.items()}
    if key == "address" and value not in ("none", *NOBODY):
        return _address(value, prefix)
    is_id = key in ("id", "merged_into") or key.endswith("_id")
    return prefix + value if is_id and value not in NOBODY else value


def _address(text: str, prefix: str) -> str:
    """The world's own: a mailbox, a number with more digits, or a token."""
    if "@" in text:
        return text.replace("@", f".{prefix[:-1]}@")
    return text + f"{int(prefix[1:-1]):03}" if text[0] in "+0" else prefix + text


def loads(chance: random.Random) -> list[list[Row]]:
    """The rows of each load: a load after the first brings a row or two of each world, so that none hides another."""
    parts: list[list[Row]] = [[] for _ in range(chance.randint(3, 4))]
    for number in range(WORLDS):
        for position, (table, row) in enumerate(world(chance)):
            late = position < 2 * len(parts) - 2
            parts[chance.randrange(1, len(parts)) if late else 0].append((table, named(row, f"w{number}.")))
    return parts


def groups(ties: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Of each who is tied, everybody who is tied to them, however far."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = name = parents[parents[name]]
        return name

    ties = list(ties)
    for one, other in ties:
        parents[root(one)] = root(other)
    found = defaultdict(set)
    for name in {name for tie in ties for name in tie}:
        found[root(name)].add(name)
    return {name: found[root(name)] for name in parents}


def links(shop: Any) -> dict[str, set[str]]:
    """Of each thing that may be shared, which customers have it: what sources said, of whom is left after merges."""
    survivors = dict(shop.rows("select absorbed_customer_id, customer_id from analysis.int_customer_merges"))
    found: dict[str, set[str]] = defaultdict(set)
    for (text,) in shop.rows("select attributes from raw.contact_points"):
        said = json.loads(text)
        address = normalised(said.get("channel"), said.get("address"))
        if address and said["customer_id"] not in NOBODY:
            found[address].add(survivors.get(said["customer_id"], said["customer_id"]))
    for name, text in shop.rows("select id, attributes from raw.customers"):
        household = json.loads(text).get("household_id")
        if household not in NOBODY:
            found[f"household {household}"].add(survivors.get(name, name))
    for name, account in shop.rows("select customer_id, account_id from analysis.int_customer_profiles"):
        if account not in NOBODY:
            found[f"account {account}"].add(name)
    return found


def normalised(channel: str | None, address: str | None) -> str | None:
    """What an address is compared by; nothing where it is none."""
    match channel:
        case "email" if address and "@" in address:
            return f"email {address.strip().lower()}"
        case "sms" if address:
            digits = "".join(letter for letter in address if letter in "+0123456789")
            return f"sms {'+' + digits[2:] if digits.startswith('00') else digits}"
        case "push" if address:
            return f"push {address}"
        case _:
            return None


def expected(shop: Any) -> set[tuple[Any, ...]]:
    """What the rules make of everything that was loaded."""
    known = dict(shop.rows("select customer_id, known_at from analysis.int_unit_customers"))
    ties = [(name, name) for name in known]
    for thing, names in links(shop).items():
        if thing.startswith("account ") or len(names) <= LIMIT:
            present = sorted(names & known.keys())
            ties += [(present[0], name) for name in present]
    found = groups(ties)
    return {(name, min(found[name], key=lambda member: (known[member], member)), len(found[name])) for name in known}


def run(shop: Any, at: datetime, models: list[str], *flags: str) -> None:
    shop.variables = VARIABLES
    shop.run(at, models, *flags)


def assert_as_rebuilt(shop: Any, at: datetime) -> None:
    """What stands is what a rebuild makes of the same rows."""
    shop.execute("create schema kept")
    for model in OWN:
        shop.execute(f"create table kept.{model} as select * from analysis.{model}")
    run(shop, at, OWN, "--full-refresh")
    for model in OWN:
        for kept, other in (("kept", "analysis"), ("analysis", "kept")):
            assert shop.rows(f"select * from {kept}.{model} except all select * from {other}.{model}") == []


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_units_are_what_the_rules_say_whatever_came_when(shop: Any, seed: int) -> None:
    """Addresses, households, accounts, merges and crowds over random loads and runs give the rules' units, as one
    rebuild does."""
    chance = random.Random(seed)
    at = START + timedelta(days=3)
    for number, rows in enumerate(loads(chance)):
        at += timedelta(days=chance.choice([0, 3]))
        shop.load(at, rows, is_history=chance.random() < 0.3)
        if number == 0:
            run(shop, at, PARENTS)
            assert set(shop.rows(UNITS)) == expected(shop)
        elif chance.random() < 0.7:
            models = [*OWN, *OTHERS]
            run(shop, at, chance.sample(models, chance.randint(1, len(models))))
    run(shop, at, PARENTS)
    assert set(shop.rows(UNITS)) == expected(shop)
    assert_as_rebuilt(shop, at)
    assert_everything_was_tried(shop)


def assert_everything_was_tried(shop: Any) -> None:
    """Units of one and of many, accounts beyond the limit, crowded addresses, merges and crowds of users."""
    ((largest, smallest),) = shop.rows("select max(unit_size), min(unit_size) from analysis.int_units")
    assert largest > LIMIT
    assert smallest == 1
    sizes = "select link_kind from analysis.int_unit_links group by link_kind, link_id having count(*) > {}"
    assert set(shop.rows(sizes.format(LIMIT))) >= {("contact_point",), ("household",), ("account",)}
    for model in ("int_customer_merges", "int_crowded_identities"):
        assert shop.rows(f"select 1 from analysis.{model}")


def point(number: int, customer_id: str, address: str, at: datetime) -> Row:
    attributes = {"customer_id": customer_id, "channel": "email", "address": address}
    return "contact_points", {"id": f"cp{number}", "attributes": attributes, "changed_at": at, "is_deleted": False}


def member(customer_id: str, at: datetime, **attributes: str) -> Row:
    return "customers", {"id": customer_id, "attributes": attributes, "changed_at": at, "is_deleted": False}


def test_a_link_counts_from_when_it_was_known(shop: Any) -> None:
    """Built as of a moment before a shared address was known, its customers are two units."""
    shop.load(START, [point(1, "u1", "a@post.example", START)])
    later = START + timedelta(days=1)
    shop.load(later, [point(2, "u2", "A@post.example", START)])
    shop.load(later, [point(3, "u3", "c@post.example", START)])
    run(shop, later, PARENTS)
    assert set(shop.rows(UNITS)) == {("u1", "u1", 2), ("u2", "u1", 2), ("u3", "u3", 1)}
    run(shop, START, PARENTS, "--full-refresh")
    assert set(shop.rows(UNITS)) == {("u1", "u1", 1)}


def test_a_chain_and_an_account_grow_by_what_is_new(shop: Any) -> None:
    """A chain of hundreds and an account of thousands are one unit each; one link more makes them one, and who is in
    neither is not touched."""
    names = [f"c{number:03}" for number in range(400)]
    rows = [point(number, name, f"{number // 2}@post.example", START) for number, name in enumerate(names)]
    rows += [
        point(1000 + number, name, f"{(number + 1) // 2}@mail.example", START) for number, name in enumerate(names)
    ]
    rows += [member(f"m{number:04}", START, account_id="b1") for number in range(4000)]
    rows += [member(f"s{number}", START) for number in range(50)]
    shop.load(START, rows)
    run(shop, START, PARENTS)
    sizes = "select unit_id, count(*), min(unit_size) from analysis.int_units group by unit_id having count(*) > 1"
    assert set(shop.rows(sizes)) == {("c000", 400, 400), ("m0000", 4000, 4000)}
    at = START + timedelta(days=1)
    shop.load(at, [point(5000, "m3999", "399@mail.example", at), point(5001, "c399", "399@mail.example", at)])
    run(shop, at, PARENTS)
    assert set(shop.rows(sizes)) == {("c000", 4400, 4400)}
    assert_as_rebuilt(shop, at)


def test_who_is_as_before_is_left_alone(shop: Any) -> None:
    """An event of one member of a large account makes no unit anew; a newcomer's address does."""
    shop.load(START, [member(f"m{number:03}", START, account_id="b1") for number in range(300)])
    run(shop, START, PARENTS)
    places = "select customer_id, rowid from analysis.int_units"
    before = dict(shop.rows(places))
    at = START + timedelta(days=1)
    event = {"event_id": "e1", "event_name": "Signed In", "user_id": "m007", "anonymous_id": "a1", "properties": {}}
    shop.load(at, [("events", event | {"occurred_at": at, "received_at": at, "context": {}})])
    run(shop, at, PARENTS)
    assert dict(shop.rows(places)) == before
    shop.load(at, [member("new", at, account_id="b1")])
    run(shop, at, PARENTS)
    assert shop.rows("select distinct unit_id, unit_size from analysis.int_units") == [("m000", 301)]
    assert dict(shop.rows(places)) != before
