"""The points that customers collect: earned when an order arrives, spent with another, taken back, expired.

A person's points lie in a ring of lots, one per period of four weeks in which they expire. Each person's periods begin
on a day of their own, so that not everybody's points expire at once.
"""

from dataclasses import dataclass

import numpy as np

from activation.simulator import attributes, documents
from activation.simulator.chances import Chances
from activation.simulator.deliveries import deliver
from activation.simulator.people import DAY, HOUR, MINUTE, SECOND, Ints, People
from activation.simulator.remembered import Remembered, grown
from activation.simulator.scripts import Events, no_events
from activation.simulator.sectors import Memory, Stretch, erased

POINTS_PER_POUND = 5
WELCOME_POINTS = 50
FEWEST_TO_SPEND = 500  # whole hundreds are spent, from here on
SPENDS = 0.35  # of the orders of somebody with that many
CARRIED_OVER = 0.6  # of the customers older than the shop's records have points from before
CARRIED_POINTS = (40, 600)

PERIOD = 28 * DAY
LOTS = 15
LASTS, GIFT_LASTS = 14, 4  # periods: thirteen to fourteen of them are a year, three to four a quarter
REASONS = ("gift", "order", "redeemed", "refund", "expired")
GIFT, EARNED, REDEEMED, REFUND, EXPIRED = range(len(REASONS))
APART = SECOND  # two changes of one balance are never at the same time

DUE = {"person": np.int32, "at": np.int64, "reason": np.int8, "points": np.int32, "order": np.int64}


@dataclass(frozen=True, slots=True)
class Movements:
    """What is to happen to balances; how many points it moves may turn out to be fewer. `order` is 0 where none is."""

    person: Ints
    at: Ints
    reason: Ints
    points: Ints
    order: Ints

    def take(self, rows: Ints) -> "Movements":
        return Movements(self.person[rows], self.at[rows], self.reason[rows], self.points[rows], self.order[rows])


class Loyalty:
    """The rows of change of `loyalty_points`: one balance per customer."""

    name = "loyalty"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        chances, people = Chances.of(rng), stretch.people
        lots = grown(memory, "lots", len(people), np.int32, LOTS)
        last_at = grown(memory, "last_at", len(people), np.int64)
        is_first = "due.person" not in memory
        due = Remembered(memory, "due", DUE)
        _note_orders(stretch, due)
        ready = due["at"] < stretch.end
        parts = [
            Movements(*(due[column][ready] for column in ("person", "at", "reason", "points", "order"))),
            _welcomes(chances, stretch, is_first),
            _spendings(chances, stretch),
            _expiries(people, lots, stretch),
        ]
        due.forget(ready)
        moved = _in_turn(stretch, parts)
        while len(moved.person):
            is_next = np.diff(moved.person, prepend=-1) != 0
            _move(stretch, lots, last_at, moved.take(np.flatnonzero(is_next)))
            moved = moved.take(np.flatnonzero(~is_next))
        return no_events()


def _note_orders(stretch: Stretch, due: Remembered) -> None:
    """Points come with the parcel; what is refunded after that takes them back."""
    orders, deliveries = stretch.orders, deliver(stretch.people, stretch.orders)
    arrives = deliveries.delivered_at > 0
    is_earlier = (orders.refunded_at > 0) & (orders.refunded_at <= deliveries.delivered_at)
    kept = np.where(is_earlier, orders.total - orders.refunded, orders.total)
    goes_back = arrives & (orders.refunded_at > 0) & ~is_earlier
    for chosen, at, reason, pence in (
        (arrives, deliveries.delivered_at, EARNED, kept),
        (goes_back, orders.refunded_at, REFUND, orders.refunded),
    ):
        points = pence[chosen] * POINTS_PER_POUND // 100
        due.add(person=orders.person[chosen], at=at[chosen], reason=reason, points=points, order=orders.number[chosen])


def _welcomes(chances: Chances, stretch: Stretch, is_first: bool) -> Movements:
    """A gift for signing up; and at the very beginning what older customers had on their cards."""
    people = stretch.people
    signs_up = (people.customer >= 0) & (people.signed_up_at >= stretch.start) & (people.signed_up_at < stretch.end)
    person = np.flatnonzero(signs_up)
    at, points = people.signed_up_at[person] + MINUTE, np.full(len(person), WELCOME_POINTS)
    if is_first:
        older = (people.customer >= 0) & (people.signed_up_at < stretch.start)
        older &= chances.uniform("carries over", people.name) < CARRIED_OVER
        before = np.flatnonzero(older)
        carried = chances.between("carried", *CARRIED_POINTS, people.name[before])
        days = chances.uniform("carried since", people.name[before])
        since = np.maximum(people.signed_up_at[before] + HOUR, stretch.start - (days * 360 * DAY).astype(np.int64))
        person, at = np.concatenate([before, person]), np.concatenate([since, at])
        points = np.concatenate([carried, points])
    is_gift = at >= stretch.start
    reason = np.where(is_gift, GIFT, EARNED)
    return Movements(person, at, reason, points, np.zeros(len(person), dtype=np.int64))


def _spendings(chances: Chances, stretch: Stretch) -> Movements:
    orders = stretch.orders
    keys = (stretch.people.name[orders.person], orders.ordered_at)
    spends = (chances.uniform("spends", *keys) < SPENDS) & (orders.cancelled_at == 0)
    count = int(spends.sum())
    return Movements(
        orders.person[spends],
        orders.ordered_at[spends],
        np.full(count, REDEEMED),
        np.zeros(count, dtype=np.int64),
        orders.number[spends],
    )


def _expiries(people: People, lots: Ints, stretch: Stretch) -> Movements:
    """The lots whose period ends in the stretch."""
    holders = np.flatnonzero(lots.any(axis=1))
    period = _period(people, holders, np.full(len(holders), stretch.end - 1))
    at = _opens(people, holders, period)
    expires = (at >= stretch.start) & (lots[holders, period % LOTS] > 0)
    person, count = holders[expires], int(expires.sum())
    none = np.zeros(count, dtype=np.int64)
    return Movements(person, at[expires], np.full(count, EXPIRED), none, none)


def _in_turn(stretch: Stretch, parts: list[Movements]) -> Movements:
    """Everything that happens to balances, person by person, in the order of time."""
    columns = ("person", "at", "reason", "points", "order")
    everything = Movements(
        *(np.concatenate([getattr(part, column) for part in parts]).astype(np.int64) for column in columns)
    )
    everything = everything.take(np.flatnonzero(~erased(stretch)[everything.person]))
    return everything.take(np.lexsort((everything.order, everything.reason, everything.at, everything.person)))


def _move(stretch: Stretch, lots: Ints, last_at: Ints, moved: Movements) -> None:
    """One movement per person: change the lots and write the rows of what was truly moved."""
    people, person = stretch.people, moved.person
    at = np.maximum(moved.at, last_at[person] + APART)
    period = _period(people, person, moved.at)
    slots = (period[:, None] + np.arange(LOTS)) % LOTS
    before = lots[person[:, None], slots].astype(np.int64)
    taken = _taken(moved, before)
    gain = np.where(moved.reason <= EARNED, moved.points, 0)
    after = before - taken
    after[np.arange(len(person)), np.where(moved.reason == GIFT, GIFT_LASTS, LASTS)] += gain
    lots[person[:, None], slots] = after
    change = gain - taken.sum(axis=1)
    told = change != 0
    last_at[person[told]] = at[told]
    _write(stretch, moved.take(np.flatnonzero(told)), at[told], change[told], after[told], period[told])


def _taken(moved: Movements, before: Ints) -> Ints:
    """How many points of each lot go: the oldest first, but what was taken back from the newest."""
    balance = before.sum(axis=1)
    wanted = np.select(
        [moved.reason == REDEEMED, moved.reason == REFUND, moved.reason == EXPIRED],
        [
            np.where(balance >= FEWEST_TO_SPEND, balance // 100 * 100, 0),
            np.minimum(moved.points, balance),
            before[:, 0],
        ],
        0,
    )
    newest_first = (moved.reason == REFUND)[:, None]
    lots = np.where(newest_first, before[:, ::-1], before)
    earlier = np.cumsum(lots, axis=1) - lots
    taken = np.clip(wanted[:, None] - earlier, 0, lots)
    return np.asarray(np.where(newest_first, taken[:, ::-1], taken))


def _write(stretch: Stretch, moved: Movements, at: Ints, change: Ints, lots: Ints, period: Ints) -> None:
    people, person = stretch.people, moved.person
    oldest = (lots > 0).argmax(axis=1)
    expiring = lots[np.arange(len(person)), oldest]
    has_points = expiring > 0
    expires_at = np.where(has_points, _opens(people, person, period + oldest), 0)
    texts = attributes.document(
        balance=documents.digits(lots.sum(axis=1)),
        change=documents.digits(change),
        customer_id=attributes.customer(people.customer[person]),
        expires_at=attributes.time(expires_at),
        expiring=attributes.where(has_points, documents.digits(expiring)),
        order_id=attributes.where(moved.order > 0, attributes.named("order", moved.order, 8)),
        reason=attributes.choice(REASONS, moved.reason),
    )
    ids = documents.join("points-", documents.digits(person + 1, 7))
    stretch.changes.add_all("loyalty_points", ids, texts, at)
    stretch.counts["loyalty_changes"] += len(person)


def _offset(people: People, person: Ints) -> Ints:
    return np.asarray(people.name[person] * SECOND % PERIOD)


def _period(people: People, person: Ints, at: Ints) -> Ints:
    """The number of the person's period in which an instant lies."""
    return np.asarray((at + _offset(people, person)) // PERIOD)


def _opens(people: People, person: Ints, period: Ints) -> Ints:
    """When the person's period begins, and with it the points of its lot expire."""
    return np.asarray(period * PERIOD - _offset(people, person))
