"""What holds for every sector of the shop's business, in a small world of its own: no visits, drawn orders."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from activation.simulator.business_sectors import SECTORS
from activation.simulator.catalogue import PRODUCT_COUNT
from activation.simulator.habits import draw_people
from activation.simulator.people import DAY, HOUR, NEVER, People
from activation.simulator.registry import Changes
from activation.simulator.scripts import Events, joined, no_events
from activation.simulator.sectors import Memory, Orders, Sector, Stretch
from activation.simulator.vocabulary import NAMES

START = 20_400 * DAY
DAYS, CUSTOMERS, FOUNDERS = 36, 400, 250
ORDERS_PER_DAY = 0.06
# What may begin before the shop's first day: what the first customers had already.
OLDER = {"accounts", "subscriptions", "loyalty_points"}


@dataclass
class World:
    """People who sign up one after the other, and what the sectors made of their days."""

    people: People
    events: list[Events] = field(default_factory=list)
    rows: list[pd.DataFrame] = field(default_factory=list)
    orders: list[Orders] = field(default_factory=list)
    memories: dict[str, Memory] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    number: int = 1

    def told(self) -> pd.DataFrame:
        events = joined(self.events)
        return pd.DataFrame(
            {
                "event_name": [NAMES[kind] for kind in events.kind],
                "person": events.person,
                "customer": events.customer,
                "device": events.device,
                "occurred_at": events.occurred_at,
                "properties": [json.loads(text) for text in events.properties.to_pylist()],
                "text": events.properties.to_pylist(),
            }
        )

    def changes(self, table: str) -> pd.DataFrame:
        rows = pd.concat(self.rows, ignore_index=True)
        rows = rows[rows["table"] == table].reset_index(drop=True)
        attributes = pd.json_normalize(rows["attributes"].map(json.loads).tolist())
        return pd.concat([rows, attributes], axis=1).sort_values(["id", "changed_at"], kind="stable")


def draw_world(seed: int) -> World:
    people = draw_people(np.random.default_rng([seed, 0]), CUSTOMERS, 1)
    rng = np.random.default_rng([seed, 1])
    before = rng.integers(START - 300 * DAY, START, FOUNDERS)
    people.signed_up_at = np.sort(
        np.concatenate([before, rng.integers(START, START + DAYS * DAY, CUSTOMERS - FOUNDERS)])
    )
    people.customer = 1 + np.arange(CUSTOMERS, dtype=np.int64)
    buys_for_business = rng.random(CUSTOMERS) < 0.2
    people.account = np.where(buys_for_business, 1 + np.cumsum(buys_for_business) // 3, 0).astype(np.int32)
    return World(people)


def draw_orders(world: World, start: int, end: int, first: int) -> Orders:
    """Everybody orders at instants of their own, however time is cut."""
    rng = np.random.default_rng([3, start // DAY])
    draws, at = rng.random((CUSTOMERS, 6)), rng.integers(0, DAY, CUSTOMERS) + start // DAY * DAY
    person = np.flatnonzero((draws[:, 0] < ORDERS_PER_DAY) & (at >= start) & (at < end))
    person = person[world.people.signed_up_at[person] < at[person]]
    person = person[np.argsort(at[person], kind="stable")]
    draws, at, count = draws[person], at[person], len(person)
    product = np.full((count, 4), -1)
    product[:, 0] = (draws[:, 1] * PRODUCT_COUNT).astype(int)
    quantity, price = (product >= 0).astype(int), np.where(product >= 0, 2500 + 5000 * draws[:, 2:3], 0).astype(int)
    total = (quantity * price).sum(axis=1)
    cancelled = draws[:, 3] < 0.05
    refunded = ~cancelled & (draws[:, 4] < 0.15)
    return Orders(
        number=first + np.arange(count, dtype=np.int64),
        person=person,
        ordered_at=at,
        total=total,
        product=product,
        quantity=quantity,
        price=price,
        cancelled_at=np.where(cancelled, at + 2 * HOUR, 0),
        refunded_at=np.where(refunded, at + (3 * DAY + 15 * DAY * draws[:, 5]).astype(int), 0),
        refunded=np.where(refunded, total, 0),
    )


def live(world: World, sectors: tuple[Sector, ...], start: int, end: int, number: int) -> None:
    """One stretch, of which the sectors see only who has signed up by its end."""
    everybody = np.ones(CUSTOMERS, dtype=bool)
    people = world.people.take(everybody)
    is_there = people.signed_up_at < end
    people.customer = np.where(is_there, people.customer, -1)
    people.signed_up_at = np.where(is_there, people.signed_up_at, NEVER)
    orders = draw_orders(world, start, end, world.number)
    world.number += len(orders)
    world.orders.append(orders)
    changes = Changes()
    prices = np.full(PRODUCT_COUNT, 1000)
    stretch = Stretch(start, end, people, prices, orders, changes, Counter())
    for place, sector in enumerate(sectors):
        rng = np.random.default_rng([7, 10, place, number])
        world.events.append(sector.live(rng, stretch, world.memories.setdefault(sector.name, {})))
    for table, rows in changes.tables().items():
        world.rows.append(rows.to_pandas().assign(table=table, stretch=start))
    world.sizes.append(sum(array.nbytes for memory in world.memories.values() for array in memory.values()))


def run(sectors: tuple[Sector, ...] = SECTORS, *, step: int = DAY, days: int = DAYS) -> World:
    world = draw_world(5)
    for number, start in enumerate(range(START, START + days * DAY, step)):
        live(world, sectors, start, start + step, number)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return run()


def as_data(world: World) -> tuple[Any, ...]:
    events = joined(world.events)
    columns = [events.kind, events.person, events.customer, events.device, events.occurred_at]
    rows = pd.concat(world.rows, ignore_index=True).to_dict("list")
    return [column.tolist() for column in columns], events.properties.to_pylist(), rows


def test_the_same_seed_brings_the_same():
    """Events, rows of change and memories are equal in two runs."""
    world, again = run(days=15), run(days=15)
    assert as_data(again) == as_data(world)
    for name, memory in world.memories.items():
        assert {key: array.tolist() for key, array in memory.items()} == {
            key: array.tolist() for key, array in again.memories[name].items()
        }
    assert len(joined(world.events)) > 500


@pytest.mark.parametrize("sector", SECTORS, ids=lambda sector: sector.name)
def test_a_sector_needs_no_other_one(world, sector):
    """A sector alone, with its own generator, tells what it tells among the others."""
    place = SECTORS.index(sector)
    alone = draw_world(5)
    for number in range(10):
        start = START + number * DAY
        live(alone, (*[Silence()] * place, sector), start, start + DAY, number)
    among = [world.events[number * len(SECTORS) + place] for number in range(10)]
    mine = [events for events in alone.events if len(events)]
    assert [events.properties.to_pylist() for events in mine] == [e.properties.to_pylist() for e in among if len(e)]


class Silence:
    """A sector in which nothing happens."""

    name = "silence"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        return no_events()


def test_nothing_comes_before_its_stretch(world):
    """Events and rows of change lie in their stretch or later; but for what customers had before the first day."""
    firsts = [(events.occurred_at, START + place // len(SECTORS) * DAY) for place, events in enumerate(world.events)]
    assert all((at >= start // 1000 * 1000).all() for at, start in firsts)
    rows = pd.concat(world.rows)
    early = rows[rows["changed_at"].astype("datetime64[us]").astype("int64") < rows["stretch"]]
    assert set(early["table"]) <= OLDER
    assert (early["stretch"] == START).all()


def test_nobody_does_anything_before_signing_up(world):
    """A known customer's events follow the sign-up, and so do the rows of change that name a customer."""
    events = world.told()
    known = events[events["customer"] > 0]
    signed_up_at = world.people.signed_up_at[known["person"]]
    assert (known["occurred_at"].to_numpy() >= signed_up_at // 1000 * 1000).all()
    for table in ("subscriptions", "bookings", "loyalty_points", "service_contacts"):
        rows = world.changes(table)
        number = rows["customer_id"].str.removeprefix("cust-").astype(int).to_numpy()
        at = rows["changed_at"].astype("datetime64[us]").astype("int64").to_numpy()
        assert len(rows) > 10
        assert (at >= world.people.signed_up_at[number - 1] // 1000 * 1000).all()


def test_rows_of_change_are_never_at_the_same_instant(world):
    """Two rows of one thing have different times, so that the later one is the later one."""
    rows = pd.concat(world.rows)
    assert not rows.duplicated(["table", "id", "changed_at"]).any()


def test_texts_are_canonical_json(world):
    """Every text is what Python's json would write, sorted and compact."""
    texts = [*world.told()["text"], *pd.concat(world.rows)["attributes"]]
    for text in texts:
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_memories_forget_what_is_finished():
    """Once everybody is gone, what goes on without them ends, and what is remembered does not grow."""
    world = run(days=20)
    quiet = draw_world(5)
    quiet.memories = world.memories
    quiet.people.is_gone = np.ones(CUSTOMERS, dtype=bool)
    for number in range(20, 35):
        start = START + number * DAY
        live(quiet, SECTORS, start, start + DAY, number)
    for kind in ("memberships.subscription", "bookings.booking", "bookings.incident"):
        sector, _, thing = kind.partition(".")
        assert len(quiet.memories[sector][f"{thing}.number"]) == 0
    assert quiet.sizes[-1] <= world.sizes[-1]


def test_half_days_bring_about_as_much_as_days(world):
    """How finely time is cut does not change how much happens, and every law of a day holds for half of one."""
    halves = run(step=DAY // 2)
    whole, half = (pd.concat(each.rows).groupby("table")["id"].nunique() for each in (world, halves))
    for table in ("loyalty_points", "subscriptions", "invoices", "bookings", "service_contacts"):
        assert half[table] == pytest.approx(whole[table], abs=4 * whole[table] ** 0.5)
    before, after = (each.told()["event_name"].value_counts() for each in (world, halves))
    for name in ("Order Shipped", "Order Delivered", "Feature Used", "Page Viewed"):
        assert after[name] == pytest.approx(before[name], abs=4 * before[name] ** 0.5)


def test_one_person_more_changes_nothing_for_the_others():
    """Draws belong to people: who has no subscription today leaves all others as they are."""
    one, two = draw_world(5), draw_world(5)
    two.people.is_gone[17] = True
    for world in (one, two):
        for number in range(20):
            start = START + number * DAY
            live(world, SECTORS, start, start + DAY, number)
    for table in ("subscriptions", "loyalty_points"):
        rows = [world.changes(table) for world in (one, two)]
        others = [each[each["customer_id"] != "cust-0000018"] for each in rows]
        columns = ["customer_id", "changed_at"]
        assert (
            others[0][columns].sort_values(columns).values.tolist()
            == others[1][columns].sort_values(columns).values.tolist()
        )
