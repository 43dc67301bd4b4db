"""A month's quintiles stay what they were, whatever becomes known later and whoever turns out to be the same person."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

Row = tuple[str, dict[str, Any]]
START = datetime(2026, 1, 1)
DAYS = 180
LOAD_DAYS = 6
USERS = [f"u{number:02}" for number in range(40)]
MODELS = ["+int_customer_rfm"]


def event(name: str, number: int, user: str | None, at: datetime, properties: dict[str, Any]) -> Row:
    row = {"event_id": f"e{number:04}", "event_name": name, "user_id": user, "anonymous_id": f"d{number % 50}"}
    return "events", row | {"occurred_at": at, "received_at": at, "properties": properties, "context": {}}


def merge(absorbed: str, survivor: str, at: datetime) -> Row:
    attributes = {"first_name": absorbed, "merged_into": survivor}
    return "customers", {"id": absorbed, "attributes": attributes, "changed_at": at, "is_deleted": False}


def history(chance: random.Random) -> Iterator[tuple[datetime, Row]]:
    """Orders, free and repeated ones among them, refunds with and without an order, and merges, each with its time."""
    for number in range(400):
        at = START + timedelta(hours=chance.uniform(0, 24 * DAYS))
        user = chance.choice([*USERS, None])
        order = {"order_id": f"o{chance.randrange(350)}", "total": chance.choice([0, 5, 5, 20, 75.5])}
        yield at, event("Order Completed", number, user, at, order)
        if chance.random() < 0.3:
            back_at = at + timedelta(days=chance.uniform(0, 60))
            named = chance.choice([order["order_id"], "credit", None])
            refund = {"order_id": named, "total": chance.choice([2.5, 20, None])}
            yield (
                back_at,
                event(chance.choice(["Order Refunded", "Order Cancelled"]), 1000 + number, user, back_at, refund),
            )
    for absorbed, survivor in zip(USERS[:8], USERS[4:12], strict=True):
        at = START + timedelta(days=chance.uniform(0, DAYS))
        yield at, merge(absorbed, survivor, at)


def fill(shop: Any, chance: random.Random, at: datetime, until: datetime, rows: list[tuple[datetime, Row]]) -> None:
    """Load what happens from one instant to another, every few days, some of it a load late."""
    while at < until:
        at += timedelta(days=LOAD_DAYS)
        due = [pair for pair in rows if pair[0] < at and chance.random() < 0.9]
        for pair in due:
            rows.remove(pair)
        shop.load(at, [row for _, row in due])


def ranked(shop: Any, until: datetime) -> set[tuple[Any, ...]]:
    return set(shop.rows(f"select * from analysis.int_rfm_vintages where valid_from <= timestamp '{until}'"))


def test_a_month_stays_as_it_was(shop: Any) -> None:
    """Late orders, refunds and merges move no month that had begun, built on or built anew; scores do as well."""
    chance = random.Random(5)
    rows = list(history(chance))
    middle, end = START + timedelta(days=96), START + timedelta(days=DAYS)
    fill(shop, chance, START, middle, rows)
    shop.run(middle, MODELS)
    then = ranked(shop, middle)
    assert len(then) == 3 * 15
    fill(shop, chance, middle, end, rows)
    shop.run(end, MODELS)
    kept, scores = ranked(shop, end), set(shop.rows("select * from analysis.int_customer_rfm"))
    assert ranked(shop, middle) == then
    assert len(kept) == 5 * 15
    shop.run(end, MODELS, "--full-refresh")
    assert ranked(shop, end) == kept
    assert set(shop.rows("select * from analysis.int_customer_rfm")) == scores
    assert len(scores) > 20


def test_history_is_ranked_again(shop: Any) -> None:
    """Past that is loaded later, as history, is in the months that it belongs to."""
    first = [event("Order Completed", n, USERS[n], START, {"order_id": f"o{n}", "total": 10 + n}) for n in range(5)]
    at = START + timedelta(days=100)
    shop.load(at, first, is_history=True)
    shop.run(at, MODELS)
    best = "select from_user_id, user_count from analysis.int_rfm_vintages where measure = 'monetary' and quintile = 5"
    assert set(shop.rows(best)) == {("u04", 5)}
    old = START + timedelta(days=40)
    shop.load(at, [event("Order Completed", 5, USERS[5], old, {"order_id": "o5", "total": 99})], is_history=True)
    shop.run(at, MODELS)
    by_month = "select valid_from, from_user_id, user_count from analysis.int_rfm_vintages"
    found = shop.rows(f"{by_month} where measure = 'monetary' and quintile = 5 order by valid_from")
    assert [(month.month, user, count) for month, user, count in found] == [
        (1, "u04", 5),
        (2, "u04", 5),
        (3, "u05", 6),
        (4, "u05", 6),
    ]
