"""What becomes of orders and quotes that people, or the shop, think better of."""

from typing import Any

import numpy as np

from activation.simulator import documents
from activation.simulator.chances import Chances
from activation.simulator.people import DAY, HOUR, Bools, Floats, Ints, People
from activation.simulator.scripts import Events
from activation.simulator.sectors import Orders
from activation.simulator.visits import QUOTE, STAYS_UNKNOWN, Visits
from activation.simulator.vocabulary import CANCELLED, KINDS, REFUNDED

CANCELLED_SHARE, REFUNDED_SHARE = 0.015, 0.06
FULLY_SHARE = 0.5  # of refunds
DECLINED_SHARE = 0.25  # of quotes


def second_thoughts(chances: Chances, people: People, orders: Orders) -> Events:
    """The cancellations and refunds of new orders, which `orders` learns of."""
    draw = chances.uniform("second thoughts", orders.person)
    cancelled = draw < CANCELLED_SHARE
    refunded = (draw >= CANCELLED_SHARE) & (draw < CANCELLED_SHARE + REFUNDED_SHARE)
    wait = chances.uniform("how long", orders.person)
    orders.cancelled_at[cancelled] = _after(orders.ordered_at, (0.2 + wait * 23.8) * HOUR)[cancelled]
    orders.refunded_at[refunded] = _after(orders.ordered_at, (3 + wait * 17) * DAY)[refunded]
    texts = [
        documents.order_cancelled(orders.number[cancelled]),
        _refunds(chances, orders, refunded),
    ]
    rows = np.concatenate([np.flatnonzero(cancelled), np.flatnonzero(refunded)])
    kind = np.repeat([CANCELLED, REFUNDED], [cancelled.sum(), refunded.sum()])
    at = np.maximum(orders.cancelled_at, orders.refunded_at)[rows]
    return _from_server(people, kind, orders.person[rows], at, documents.chained(texts))


def declined_quotes(chances: Chances, people: People, visits: Visits, ended: Ints) -> Events:
    """Some quotes are declined days later, by those of whom it is known who they are."""
    asked = (visits.outcome == QUOTE) & (visits.identity != STAYS_UNKNOWN) & (people.customer[visits.person] >= 0)
    rows = np.flatnonzero(asked & (chances.uniform("declining", visits.person) < DECLINED_SHARE))
    person = visits.person[rows]
    at = _after(ended[rows], (2 + 10 * chances.uniform("declining when", person)) * DAY)
    kind = np.full(len(rows), KINDS["Quote Declined"])
    return _from_server(people, kind, person, at, documents.quote_declined(visits.number[rows]))


def _from_server(people: People, kind: Ints, person: Ints, at: Ints, properties: Any) -> Events:
    none = np.zeros(len(person), dtype=np.int64)
    return Events(kind, person, people.customer[person], none, at, properties)


def _after(instant: Ints, wait: Floats) -> Ints:
    return np.asarray((instant + wait.astype(np.int64)) // 1000 * 1000)


def _refunds(chances: Chances, orders: Orders, refunded: Bools) -> Any:
    """Half are refunded in full, the others by their first line, or by half where there is only one."""
    is_full = (chances.uniform("in full", orders.person) < FULLY_SHARE)[refunded]
    product, quantity, price = orders.product[refunded], orders.quantity[refunded], orders.price[refunded]
    amounts = quantity * price
    names_line = ~is_full & ((product >= 0).sum(axis=1) > 1)
    part = np.where(names_line, amounts[:, 0], amounts[:, 0] // 2)
    total = np.where(is_full, orders.total[refunded], np.minimum(part, orders.total[refunded]))
    orders.refunded[refunded] = total
    line = documents.lines(np.maximum(product[:, 0], 0), price[:, 0], quantity[:, 0])
    products = documents.when(names_line, documents.join(',"products":[', line, "]"))
    return documents.order_refunded(orders.number[refunded], products, total)
