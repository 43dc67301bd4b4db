"""The demo shop: a small world with a seed, whose past can be written at once and whose future comes in steps.

A step of any length is simulated in stretches of at most a day. In each, people come, do something and leave; what
happened becomes events; the mess of the real world is added; and what has arrived by the end of the step is written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from activation.errors import InputError
from activation.simulator import files, mess, registry, returns, scripts, visits
from activation.simulator.business_sectors import SECTORS
from activation.simulator.catalogue import PRODUCT_COUNT, draw_prices, draw_stock
from activation.simulator.effects import EFFECTS, DeliveredMessage, Effect
from activation.simulator.habits import draw_people
from activation.simulator.influence import influence
from activation.simulator.people import DAY, Ints, to_micros, to_moment
from activation.simulator.registry import Changes
from activation.simulator.scripts import Events, Told, joined
from activation.simulator.sectors import Orders, Stretch
from activation.simulator.state import Counters, State, nothing_waiting
from activation.simulator.visits import SIGN_UP, Visits

NEW_VISITORS = 0.033  # per day, relative to the shop's size
GROWTH = 0.0155  # per day, before the history's end
FOUNDING_SPAN = 400 * DAY  # the first customers signed up within this time before the history begins
PRICE_CHANGES, STOCK_COUNTS, RESTOCKS = 0.02, 0.1, 0.25  # per product and day
LAPSE = 60 * DAY
ROWS_PER_FILE = 250_000


@dataclass(frozen=True, slots=True)
class ShopReport:
    """What one call simulated and wrote. `rows` counts per table what the files hold, repeats and all;
    `counts` what truly happened."""

    start: datetime
    end: datetime
    rows: Mapping[str, int]
    counts: Mapping[str, int]
    files: tuple[Path, ...]


@dataclass
class _Output:
    """Collects the rows of a call and writes them out when there are enough."""

    folder: Path
    waiting: dict[str, pa.Table]
    parts: dict[str, list[pa.Table]] = field(default_factory=lambda: {table: [] for table in files.TABLES})
    rows: Counter[str] = field(default_factory=Counter)
    paths: list[Path] = field(default_factory=list)

    def add(self, table: str, rows: pa.Table, end: int) -> None:
        """Take what has arrived by `end`, of the new rows and of those that waited; the rest waits."""
        everything = pa.concat_tables([self.waiting[table], rows])
        arrived, self.waiting[table] = files.split_by_time(table, everything, end)
        self.parts[table].append(arrived)
        if sum(part.num_rows for part in self.parts[table]) >= ROWS_PER_FILE:
            self.write(table, end)

    def write(self, table: str, end: int) -> None:
        parts, self.parts[table] = self.parts[table], []
        path = files.write(self.folder, table, to_moment(end), parts)
        if path is not None:
            self.paths.append(path)
            self.rows[table] += sum(part.num_rows for part in parts)


class Shop:
    """One demo shop below a folder: files in `landing/`, its state in `simulator/`."""

    def __init__(self, home: Path, effects: Mapping[str, Effect] = EFFECTS) -> None:
        self.home = home
        self.effects = effects

    @property
    def landing_path(self) -> Path:
        return self.home / "landing"

    @property
    def state_path(self) -> Path:
        return self.home / "simulator" / "state.zip"

    @property
    def instant(self) -> datetime:
        """The shop's present. Raises InputError when there is no shop yet."""
        return to_moment(State.load(self.state_path).instant)

    def create(self, *, end: datetime, customers: int = 2000, days: int = 120, seed: int = 7) -> ShopReport:
        """Write a history of `days` up to `end` below `landing/history/`. The shop then has about `customers`.

        Raises InputError when there is a shop already.
        """
        if self.state_path.exists():
            raise InputError(f"{self.state_path} exists already.", "Remove the folder, or advance the shop.")
        if customers < 1 or days < 1:
            raise InputError("A shop needs at least one customer and one day.", "Raise the number.")
        start = to_micros(end) - days * DAY
        state = _found(seed, customers, start, days)
        output = _Output(self.landing_path / "history", state.waiting)
        changes = Changes()
        everything = np.arange(PRODUCT_COUNT)
        registry.record_products(everything, state.price, state.stock, start - FOUNDING_SPAN, changes)
        _enrol_founders(state, start, changes)
        return self._simulate(state, to_micros(end), changes, output, Counter[str](), [], growth=GROWTH)

    def advance(self, *, to: datetime, delivered: Sequence[DeliveredMessage] = ()) -> ShopReport:
        """Simulate from the shop's present to `to`, under the effect of the messages delivered since the last step.

        Raises InputError when there is no shop or `to` is not in its future.
        """
        state = State.load(self.state_path)
        end = to_micros(to)
        if end <= state.instant:
            raise InputError(f"The shop is already at {to_moment(state.instant)}.", "Advance it to a later instant.")
        output = _Output(self.landing_path, state.waiting)
        changes = Changes()
        counts = Counter[str]()
        events = [influence(state, self.effects, delivered, changes, counts)]
        return self._simulate(state, end, changes, output, counts, events)

    def _simulate(
        self, state: State, end: int, changes: Changes, output: _Output, counts: Counter[str], more: list[Events], *,
        growth: float = 0.0,
    ) -> ShopReport:  # fmt: skip
        start = state.instant
        while state.instant < end:
            until = min(state.instant + DAY, end)
            visitors = state.customers * NEW_VISITORS * np.exp(-growth * (end - until) / DAY)
            events, more = _live(state, until, visitors, changes, counts, more), []
            tables = {files.EVENTS: events} | mess.repeat_changes(changes.tables(), state.seed, state.counters.stretch)
            for table in files.TABLES:
                output.add(table, tables.get(table, files.empty_table(table)), until)
            changes = Changes()
            state.instant = until
        for table in files.TABLES:
            output.write(table, end)
        state.save(self.state_path)
        counts["known_customers"] = int((state.people.customer >= 0).sum())
        return ShopReport(to_moment(start), to_moment(end), dict(output.rows), dict(counts), tuple(output.paths))


def _found(seed: int, customers: int, start: int, days: int) -> State:
    """The shop on the morning of its history's first day, with the people who knew it before."""
    rng = np.random.default_rng([seed, 0])
    count = max(1, round(customers * float(np.exp(-GROWTH * days))))
    people = draw_people(rng, count, first_device=1)
    people.customer = 1 + np.arange(count, dtype=np.int64)
    counters = Counters(stretch=1, device=count + 1, customer=count + 1)
    price, stock = draw_prices(rng), draw_stock(rng, PRODUCT_COUNT, customers)
    return State(seed, customers, start, counters, people, price, stock, nothing_waiting())


def _enrol_founders(state: State, start: int, changes: Changes) -> None:
    rng = np.random.default_rng([state.seed, 1])
    everybody = np.arange(len(state.people))
    at = np.sort(rng.integers(start - FOUNDING_SPAN, start, len(everybody)))
    registry.enrol(rng, state.people, everybody, at, changes)


def _live(
    state: State, until: int, visitors: float, changes: Changes, counts: Counter[str], more: list[Events]
) -> pa.Table:
    """One stretch of at most a day: everything that happens from the shop's present to `until`."""
    rng = np.random.default_rng([state.seed, 2, state.counters.stretch])
    state.counters.stretch += 1
    people, start = state.people, state.instant
    visits.change_moods(rng, people, until - start)
    person, begins = visits.who_comes(rng, people, start, until)
    newcomers, first_begins = visits.who_is_new(rng, visitors, start, until, state.counters.device)
    person = np.concatenate([person, len(people) + np.arange(len(newcomers))])
    begins = np.concatenate([begins, first_begins])
    people.append(newcomers)
    state.counters.device = max(state.counters.device, int(newcomers.device.max(initial=0)) + 1)
    coming = visits.draw_visits(rng, people, person, begins, state.price, state.stock, state.counters.visit)
    state.counters.visit += len(coming)
    state.counters.device = visits.choose_devices(rng, people, coming, state.counters.device)
    visits.let_visitors_go(rng, people, coming)
    _number_newcomers(state, coming)
    carts = (coming.cart_product.copy(), coming.cart_quantity.copy(), coming.cart_price.copy())
    told = scripts.tell(rng, people, coming, state.price)
    visits.remember_carts(people, coming, told.ended)
    orders = _orders(coming, told, carts)
    _keep_records(rng, state, coming, told, until, changes, counts)
    prices = state.price
    _trade(rng, state, orders, until, changes)
    later = returns.second_thoughts(rng, people, orders)
    stretch = Stretch(start, until, people, prices, orders, changes, counts)
    events = [told.events, later, *more, *_beside(state, stretch)]
    rows, state.counters.event = mess.arrive(rng, people, joined(events), state.counters.event)
    return rows


def _beside(state: State, stretch: Stretch) -> list[Events]:
    """What goes on in the sectors, each with draws and a memory of its own."""
    events = []
    for index, sector in enumerate(SECTORS):
        rng = np.random.default_rng([state.seed, 10, index, state.counters.stretch])
        events.append(sector.live(rng, stretch, state.memory.setdefault(sector.name, {})))
    return events


def _orders(coming: Visits, told: Told, carts: tuple[Ints, Ints, Ints]) -> Orders:
    """The orders of the visits, in the order of time."""
    rows = np.flatnonzero(told.ordered_at > 0)
    rows = rows[np.lexsort((coming.number[rows], told.ordered_at[rows]))]
    product, quantity, price = (cart[rows] for cart in carts)
    none = np.zeros(len(rows), dtype=np.int64)
    return Orders(
        number=coming.number[rows],
        person=coming.person[rows],
        ordered_at=told.ordered_at[rows],
        total=(quantity * price).sum(axis=1),
        product=product,
        quantity=quantity,
        price=price,
        cancelled_at=none.copy(),
        refunded_at=none.copy(),
        refunded=none.copy(),
    )


def _number_newcomers(state: State, coming: Visits) -> None:
    """Give those who sign up their customer numbers, in the order in which they came."""
    newcomers = np.flatnonzero(coming.identity == SIGN_UP)
    newcomers = newcomers[np.argsort(coming.start[newcomers], kind="stable")]
    state.people.customer[coming.person[newcomers]] = state.counters.customer + np.arange(len(newcomers))
    state.counters.customer += len(newcomers)


def _keep_records(
    rng: np.random.Generator, state: State, coming: Visits, told: Told, until: int, changes: Changes,
    counts: Counter[str],
) -> None:  # fmt: skip
    """Sign-ups, changes of mind, last orders, and the counts of the report."""
    people = state.people
    registry.live_on(rng, people, state.instant, until, changes)
    new = np.flatnonzero(told.signed_up_at > 0)
    new = new[np.argsort(people.customer[coming.person[new]])]
    counts["sign_ups"] += len(new)
    counts["confirmed_sign_ups"] += registry.enrol(rng, people, coming.person[new], told.signed_up_at[new], changes)
    due = people.last_order_at + LAPSE
    counts["lapses"] += int(((people.last_order_at > 0) & (due > state.instant) & (due <= until)).sum())
    ordered = told.ordered_at > 0
    people.last_order_at[coming.person[ordered]] = told.ordered_at[ordered]
    counts["visits"] += len(coming)
    counts["orders"] += int(ordered.sum())
    touched = (coming.items > 0) & (coming.outcome != visits.BROWSE)
    is_identified = (people.customer[coming.person] >= 0) & (coming.identity != visits.STAYS_UNKNOWN)
    counts["abandoned_carts"] += int((touched & is_identified).sum())
    counts["anonymous_abandoned_carts"] += int((touched & ~is_identified).sum())


def _trade(rng: np.random.Generator, state: State, orders: Orders, until: int, changes: Changes) -> None:
    """Take what was sold from the stock, restock, and set new prices for the next stretch."""
    filled = orders.product >= 0
    sold = np.bincount(orders.product[filled], weights=orders.quantity[filled], minlength=PRODUCT_COUNT)
    before = state.stock
    stock = np.maximum(before - sold.astype(np.int64), 0)
    share = (until - state.instant) / DAY
    draws = rng.random((3, PRODUCT_COUNT)) / share
    fresh = draw_stock(rng, PRODUCT_COUNT, state.customers)
    restocked = (stock == 0) & (draws[0] < RESTOCKS)
    state.stock = np.where(restocked, fresh, stock)
    reprices = draws[1] < PRICE_CHANGES
    factor = rng.choice([0.75, 0.85, 0.9, 1.05, 1.1, 1.2], PRODUCT_COUNT)
    state.price = np.where(reprices, np.maximum((state.price * factor).astype(np.int64), 100), state.price)
    told = reprices | restocked | ((stock == 0) & (before > 0)) | ((draws[2] < STOCK_COUNTS) & (stock != before))
    registry.record_products(np.flatnonzero(told), state.price, state.stock, until, changes)
