"""What becomes of orders that people, or the shop, think better of."""

from typing import Any

import numpy as np

from activation.simulator import documents
from activation.simulator.people import DAY, HOUR, Bools, Floats, Ints, People
from activation.simulator.scripts import Events
from activation.simulator.sectors import Orders
from activation.simulator.vocabulary import CANCELLED, REFUNDED

CANCELLED_SHARE, REFUNDED_SHARE = 0.015, 0.06


def second_thoughts(rng: np.random.Generator, people: People, orders: Orders) -> Events:
    """The cancellations and refunds of new orders, which `orders` learns of."""
    draw = rng.random(len(orders))
    cancelled = draw < CANCELLED_SHARE
    refunded = (draw >= CANCELLED_SHARE) & (draw < CANCELLED_SHARE + REFUNDED_SHARE)
    hours, days = rng.uniform(0.2, 24, len(orders)), rng.uniform(3, 20, len(orders))
    orders.cancelled_at[cancelled] = _after(orders.ordered_at, hours * HOUR)[cancelled]
    orders.refunded_at[refunded] = _after(orders.ordered_at, days * DAY)[refunded]
    texts = [
        documents.order_cancelled(orders.number[cancelled]),
        _refunds(rng, orders, refunded),
    ]
    rows = np.concatenate([np.flatnonzero(cancelled), np.flatnonzero(refunded)])
    person = orders.person[rows]
    return Events(
        kind=np.repeat([CANCELLED, REFUNDED], [cancelled.sum(), refunded.sum()]),
        person=person,
        customer=people.customer[person],
        device=np.zeros(len(rows), dtype=np.int64),
        occurred_at=np.maximum(orders.cancelled_at, orders.refunded_at)[rows],
        properties=documents.chained(texts),
    )


def _after(instant: Ints, wait: Floats) -> Ints:
    return np.asarray((instant + wait.astype(np.int64)) // 1000 * 1000)


def _refunds(rng: np.random.Generator, orders: Orders, refunded: Bools) -> Any:
    """Half are refunded in full, the others by their first line, or by half where there is only one."""
    is_full = (rng.random(len(orders)) < 0.5)[refunded]
    product, quantity, price = orders.product[refunded], orders.quantity[refunded], orders.price[refunded]
    amounts = quantity * price
    names_line = ~is_full & ((product >= 0).sum(axis=1) > 1)
    total = np.where(is_full, orders.total[refunded], np.where(names_line, amounts[:, 0], amounts[:, 0] // 2))
    orders.refunded[refunded] = total
    line = documents.lines(np.maximum(product[:, 0], 0), price[:, 0], quantity[:, 0])
    products = documents.when(names_line, documents.join(',"products":[', line, "]"))
    return documents.order_refunded(orders.number[refunded], products, total)
