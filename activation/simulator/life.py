"""One stretch of at most a day in the demo shop: who comes and what happens."""

from collections import Counter

import numpy as np

from activation.simulator import arrivals, contact_points, profiles, returns, scripts, visits
from activation.simulator.business_sectors import SECTORS
from activation.simulator.chances import Chances
from activation.simulator.people import DAY, Ints, People
from activation.simulator.registry import Changes
from activation.simulator.scripts import Events, Told, joined
from activation.simulator.sectors import Orders, Stretch
from activation.simulator.state import State
from activation.simulator.trade import trade
from activation.simulator.visits import BROWSE, SIGN_UP, STAYS_UNKNOWN, Shelf, Visits

LAPSE = 60 * DAY


def live(
    state: State, until: int, visitors: float, changes: Changes, counts: Counter[str], more: list[Events]
) -> Events:
    """Everything that happens from the shop's present to `until`, and `more`, as it truly happens.

    What may differ between two worlds with the same seed is drawn per person; the rest in turn, in numbers that are the
    same in both. So a person to whom nothing else happens does the same in both.
    """
    rng = np.random.default_rng([state.seed, 2, state.counters.stretch])
    chances = Chances.of(np.random.default_rng([state.seed, 12, state.counters.stretch]))
    people, start, shelf = state.people, state.instant, Shelf(state.price, state.usual_price, state.stock)
    coming = _visits(rng, chances, state, until, visitors, shelf)
    carts = (coming.cart_product.copy(), coming.cart_quantity.copy(), coming.cart_price.copy())
    told = scripts.tell(chances, people, coming, shelf.price, state.scenario)
    visits.remember_carts(people, coming, told.ended)
    orders = _orders(coming, told, carts)
    profiles.live_on(rng, people, start, until, changes)
    contact_points.live_on(rng, people, start, until, changes)
    _keep_records(rng, state, coming, told, until, changes, counts)
    _note(state, coming, told, orders)
    trade(rng, state, orders, until, changes)
    later = [
        returns.second_thoughts(chances, people, orders),
        returns.declined_quotes(chances, people, coming, told.ended),
    ]
    stretch = Stretch(start, until, people, shelf.price, orders, changes, counts)
    state.counters.stretch += 1
    return joined([told.events, *later, *more, *_beside(state, stretch)])


def _visits(
    rng: np.random.Generator, chances: Chances, state: State, until: int, visitors: float, shelf: Shelf
) -> Visits:
    """Who comes and what they mean to do; newcomers are people from now on."""
    people, start, scenario = state.people, state.instant, state.scenario
    arrivals.change_moods(rng, people, until - start)
    person, begins = arrivals.who_comes(rng, chances, people, start, until, scenario)
    newcomers, first_begins = arrivals.who_is_new(rng, chances, visitors, start, until, state.counters.device, scenario)
    person = np.concatenate([person, len(people) + np.arange(len(newcomers))])
    begins = np.concatenate([begins, first_begins])
    people.append(newcomers)
    state.counters.device = max(state.counters.device, int(newcomers.device.max(initial=0)) + 1)
    coming = visits.draw_visits(chances, people, person, begins, until, shelf, state.counters.visit)
    state.counters.visit += len(coming)
    state.counters.device = visits.choose_devices(chances, people, coming, state.counters.device)
    visits.let_visitors_go(chances, people, coming)
    _number_newcomers(state, coming)
    return coming


def _number_newcomers(state: State, coming: Visits) -> None:
    """Give those who sign up their customer numbers, in the order in which they came."""
    newcomers = np.flatnonzero(coming.identity == SIGN_UP)
    newcomers = newcomers[np.argsort(coming.start[newcomers], kind="stable")]
    state.people.customer[coming.person[newcomers]] = state.counters.customer + np.arange(len(newcomers))
    state.counters.customer += len(newcomers)


def _orders(coming: Visits, told: Told, carts: tuple[Ints, Ints, Ints]) -> Orders:
    """The orders of the visits, in the order of time."""
    rows = np.flatnonzero(told.ordered_at > 0)
    rows = rows[np.lexsort((coming.number[rows], told.ordered_at[rows]))]
    product, quantity, price = (cart[rows].astype(np.int64) for cart in carts)
    none = np.zeros(len(rows), dtype=np.int64)
    return Orders(
        number=coming.number[rows],
        person=coming.person[rows],
        ordered_at=told.ordered_at[rows],
        total=told.total[rows],
        product=product,
        quantity=quantity,
        price=price,
        cancelled_at=none.copy(),
        refunded_at=none.copy(),
        refunded=none.copy(),
    )


def _keep_records(
    rng: np.random.Generator, state: State, coming: Visits, told: Told, until: int, changes: Changes,
    counts: Counter[str],
) -> None:  # fmt: skip
    """Sign-ups, last orders, staples that are used up again, and the counts of the report."""
    people = state.people
    new = np.flatnonzero(told.signed_up_at > 0)
    new = new[np.argsort(people.customer[coming.person[new]])]
    counts["sign_ups"] += len(new)
    counts["confirmed_sign_ups"] += profiles.enrol(rng, people, coming.person[new], told.signed_up_at[new], changes)
    due = people.last_order_at + LAPSE
    counts["lapses"] += int(((people.last_order_at > 0) & (due > state.instant) & (due <= until)).sum())
    ordered = told.ordered_at > 0
    buyer = coming.person[ordered]
    people.last_order_at[buyer] = told.ordered_at[ordered]
    _use_up(people, buyer, told.ordered_at[ordered])
    counts["visits"] += len(coming)
    counts["orders"] += int(ordered.sum())
    touched = (coming.items > 0) & (coming.outcome != BROWSE)
    is_identified = (people.customer[coming.person] >= 0) & (coming.identity != STAYS_UNKNOWN)
    counts["abandoned_carts"] += int((touched & is_identified).sum())
    counts["anonymous_abandoned_carts"] += int((touched & ~is_identified).sum())


def _use_up(people: People, buyer: Ints, ordered_at: Ints) -> None:
    """Whoever orders takes the staple along, and comes back for it when it is used up: always after the same time."""
    has_one = people.staple[buyer] >= 0
    buyer, ordered_at = buyer[has_one], ordered_at[has_one]
    people.refill_at[buyer] = ordered_at + (people.cadence[buyer] * DAY).astype(np.int64)


def _note(state: State, coming: Visits, told: Told, orders: Orders) -> None:
    """The truth about the messages that worked on these visits."""
    rows = np.flatnonzero(coming.is_influenced)
    if len(rows):
        total = np.where(told.ordered_at[rows] > 0, told.total[rows], 0)
        state.truth.note(state.people, coming.person[rows], coming.is_caused[rows], total)
        caused = np.isin(orders.number, coming.number[coming.is_caused])
        state.truth.note_caused(state.people, orders, caused)


def _beside(state: State, stretch: Stretch) -> list[Events]:
    """What goes on in the sectors, each with draws and a memory of its own."""
    events = []
    for index, sector in enumerate(SECTORS):
        rng = np.random.default_rng([state.seed, 10, index, state.counters.stretch])
        events.append(sector.live(rng, stretch, state.memory.setdefault(sector.name, {})))
    return events
