"""Turns visits into events: what happens one after the other, who is seen doing it, and the text of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.people import CART_SLOTS, HOUR, MINUTE, SECOND, Bools, Ints, People
from activation.simulator.visits import (
    CHECKOUT,
    EMPTY,
    KNOWN,
    MAX_VIEWS,
    ORDER,
    REMOVE,
    SIGN_IN,
    SIGN_UP,
    STAYS_UNKNOWN,
    Visits,
)
from activation.simulator.vocabulary import (
    ADDED,
    CHECKOUT_STARTED,
    COMPLETED,
    REMOVED,
    SIGNED_IN,
    SIGNED_UP,
    VIEWED,
)

# Places in a visit: views at 10, 20, …; what belongs to a view just after it; the cart's end after all views.
STEP, AFTER_VIEW, SIGN_OFFSET = 10, 2, 5
REMOVAL_PLACE, CHECKOUT_PLACE, ORDER_PLACE, AGAIN_PLACE = 1000, 2000, 3000, 5000

SKIPS_CHECKOUT = 0.1
ORDER_FROM_SERVER = 0.2  # the shop's server reports it, and knows no device


@dataclass
class Happenings:
    """One element per event, in any order. `visit` is the row in the visits; `place` orders a visit's events."""

    kind: Ints
    visit: Ints
    place: Ints
    properties: Any

    def __len__(self) -> int:
        return len(self.kind)


@dataclass
class Events:
    """One element per event, before any mess: as they truly happened."""

    kind: Ints
    person: Ints
    customer: Ints  # -1 where the event does not say who it was
    device: Ints  # 0 where the event names no device
    occurred_at: Ints
    properties: Any
    context: Any = None  # texts that stand for the usual context where they are not null

    def __len__(self) -> int:
        return len(self.kind)


def no_events() -> Events:
    none = np.zeros(0, dtype=np.int64)
    return Events(none, none, none, none, none, pa.array([], type=pa.string()))


def joined(parts: Sequence[Events]) -> Events:
    """The events of several, one after the other."""
    return Events(
        kind=np.concatenate([part.kind for part in parts]),
        person=np.concatenate([part.person for part in parts]),
        customer=np.concatenate([part.customer for part in parts]),
        device=np.concatenate([part.device for part in parts]),
        occurred_at=np.concatenate([part.occurred_at for part in parts]),
        properties=documents.chained([part.properties for part in parts]),
        context=_joined_contexts(parts),
    )


def _joined_contexts(parts: Sequence[Events]) -> Any:
    if all(part.context is None for part in parts):
        return None
    nothing = (pa.nulls(len(part), pa.string()) if part.context is None else part.context for part in parts)
    return documents.chained(list(nothing))


@dataclass
class Told:
    """What a stretch of visits came to: its events, when each visit ended, and when people signed up or ordered."""

    events: Events
    ended: Ints
    signed_up_at: Ints
    ordered_at: Ints


def tell(rng: np.random.Generator, people: People, visits: Visits, price: Ints) -> Told:
    """Write down the visits. Takes what was removed or bought out of `visits`' carts."""
    happenings = _together(
        [
            *_views(visits, price),
            _looks_again(rng, visits, price),
            _additions(people, visits),
            _signings(rng, visits),
            *_checkouts(rng, people, visits),
            _removals(people, visits),
        ]
    )
    order = np.lexsort((happenings.place, happenings.visit))
    happenings = _taken(happenings, order)
    times = _times(rng, visits, happenings)
    ended = visits.start.copy()
    np.maximum.at(ended, happenings.visit, times)
    return Told(
        events=_events(rng, people, visits, happenings, times),
        ended=ended,
        signed_up_at=_instant_of(SIGNED_UP, happenings, times, len(visits)),
        ordered_at=_instant_of(COMPLETED, happenings, times, len(visits)),
    )


def _views(visits: Visits, price: Ints) -> list[Happenings]:
    seen = np.arange(MAX_VIEWS)[None, :] < visits.view_count[:, None]
    visit, view = np.nonzero(seen)
    product = visits.views[visit, view]
    text = documents.viewed(product, price[product])
    return [Happenings(np.full(len(visit), VIEWED), visit, (view + 1) * STEP, text)]


def _looks_again(rng: np.random.Generator, visits: Visits, price: Ints) -> Happenings:
    """Another look hours later, mostly at the product looked at first."""
    count = np.where(visits.looks_again, rng.integers(1, 4, len(visits)), 0)
    visit = np.repeat(np.arange(len(visits)), count)
    place = np.arange(len(visit)) - np.repeat(np.cumsum(count) - count, count)
    product = visits.views[visit, np.minimum(place, visits.view_count[visit] - 1)]
    text = documents.viewed(product, price[product])
    return Happenings(np.full(len(visit), VIEWED), visit, AGAIN_PLACE + place * STEP, text)


def _additions(people: People, visits: Visits) -> Happenings:
    visit, place = np.nonzero(visits.new_item >= 0)
    slot = visits.new_item[visit, place]
    view = visits.view_count[visit] - visits.new_count[visit] + place
    return Happenings(
        np.full(len(visit), ADDED), visit, (view + 1) * STEP + AFTER_VIEW, _cart_texts(people, visits, visit, slot)
    )


def _removals(people: People, visits: Visits) -> Happenings:
    """Emptied carts lose every item, others the one added last. The carts of `visits` follow."""
    slots = np.arange(CART_SLOTS)[None, :]
    filled = slots < visits.items[:, None]
    goes = filled & (visits.outcome == EMPTY)[:, None]
    goes |= filled & (visits.outcome == REMOVE)[:, None] & (slots == visits.items[:, None] - 1)
    visit, slot = np.nonzero(goes)
    text = _cart_texts(people, visits, visit, slot)
    bought = filled & (visits.outcome == ORDER)[:, None]
    visits.cart_product[goes | bought] = -1
    visits.cart_quantity[goes | bought] = 0
    visits.items = (visits.cart_product >= 0).sum(axis=1)
    return Happenings(np.full(len(visit), REMOVED), visit, REMOVAL_PLACE + slot, text)


def _cart_texts(people: People, visits: Visits, visit: Ints, slot: Ints) -> Any:
    return documents.carted(
        visits.cart[visit],
        people.has_cart_ids[visits.person[visit]],
        visits.cart_product[visit, slot],
        visits.cart_price[visit, slot],
        visits.cart_quantity[visit, slot],
    )


def _signings(rng: np.random.Generator, visits: Visits) -> Happenings:
    visit = np.flatnonzero((visits.identity == SIGN_IN) | (visits.identity == SIGN_UP))
    view = 1 + rng.integers(0, 2**30, len(visit)) % visits.view_count[visit]
    signs_up = visits.identity[visit] == SIGN_UP
    text = pa.array(np.where(signs_up, '{"method":"email"}', '{"method":"password"}'))
    return Happenings(np.where(signs_up, SIGNED_UP, SIGNED_IN), visit, view * STEP + SIGN_OFFSET, text)


def _checkouts(rng: np.random.Generator, people: People, visits: Visits) -> list[Happenings]:
    """The checkouts and orders, with the whole cart as it stood."""
    visit = np.flatnonzero((visits.outcome == CHECKOUT) | (visits.outcome == ORDER))
    filled = visits.cart_product[visit] >= 0
    product, quantity = visits.cart_product[visit], visits.cart_quantity[visit]
    price = visits.cart_price[visit]
    entries = documents.lines(product[filled], price[filled], quantity[filled])
    texts = documents.grouped(entries, filled.sum(axis=1))
    total = (quantity * price * filled).sum(axis=1)
    number, cart = visits.number[visit], visits.cart[visit]
    has_cart_id = people.has_cart_ids[visits.person[visit]]
    is_order = visits.outcome[visit] == ORDER
    has_checkout = ~is_order | (rng.random(len(visit)) >= SKIPS_CHECKOUT)
    started = documents.checkout_started(number, cart, has_cart_id, texts, total)
    completed = documents.order_completed(number, cart, (has_cart_id, has_checkout), texts, total)
    return [
        _some(CHECKOUT_STARTED, CHECKOUT_PLACE, visit, started, has_checkout),
        _some(COMPLETED, ORDER_PLACE, visit, completed, is_order),
    ]


def _some(kind: int, place: int, visit: Ints, texts: Any, chosen: Bools) -> Happenings:
    count = int(chosen.sum())
    return Happenings(np.full(count, kind), visit[chosen], np.full(count, place), texts.filter(pa.array(chosen)))


def _together(parts: list[Happenings]) -> Happenings:
    return Happenings(
        np.concatenate([part.kind for part in parts]).astype(np.int64),
        np.concatenate([part.visit for part in parts]).astype(np.int64),
        np.concatenate([part.place for part in parts]).astype(np.int64),
        documents.chained([part.properties for part in parts]),
    )


def _taken(happenings: Happenings, order: Ints) -> Happenings:
    return Happenings(
        happenings.kind[order],
        happenings.visit[order],
        happenings.place[order],
        happenings.properties.take(pa.array(order)),
    )


def _times(rng: np.random.Generator, visits: Visits, happenings: Happenings) -> Ints:
    """A minute or so between the events of a visit, hours before another look; whole milliseconds."""
    count = len(happenings)
    gaps = np.minimum(5 * SECOND + rng.exponential(55 * SECOND, count), 20 * MINUTE).astype(np.int64)
    later = happenings.place == AGAIN_PLACE
    gaps[later] = rng.integers(HOUR, 8 * HOUR, later.sum())
    is_first = np.diff(happenings.visit, prepend=-1) > 0
    elapsed = np.cumsum(gaps)
    at_start = np.maximum.accumulate(np.where(is_first, np.arange(count), 0))
    elapsed -= elapsed[at_start]
    return (visits.start[happenings.visit] + elapsed) // 1000 * 1000


def _events(rng: np.random.Generator, people: People, visits: Visits, happenings: Happenings, times: Ints) -> Events:
    """Who each event says it was: nobody before the sign-in of its visit."""
    visit = happenings.visit
    signs = (happenings.kind == SIGNED_IN) | (happenings.kind == SIGNED_UP)
    known_from = np.where(visits.identity == KNOWN, 0, np.iinfo(np.int64).max)
    known_from[visit[signs]] = happenings.place[signs]
    is_known = happenings.place >= known_from[visit]
    is_known &= visits.identity[visit] != STAYS_UNKNOWN
    person = visits.person[visit]
    from_server = (happenings.kind == COMPLETED) & (rng.random(len(visit)) < ORDER_FROM_SERVER)
    return Events(
        kind=happenings.kind,
        person=person,
        customer=np.where(is_known, people.customer[person], -1),
        device=np.where(from_server, 0, visits.device[visit]),
        occurred_at=times,
        properties=happenings.properties,
    )


def _instant_of(kind: int, happenings: Happenings, times: Ints, count: int) -> Ints:
    """When each visit had its event of a kind; 0 where it had none."""
    found = happenings.kind == kind
    instants = np.zeros(count, dtype=np.int64)
    instants[happenings.visit[found]] = times[found]
    return instants
