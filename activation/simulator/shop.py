"""The demo shop: a small world with a seed, whose past can be written at once and whose future comes in steps.

A step of any length is simulated in stretches of at most a day. In each, people come, do something and leave; what
happened becomes events; the mess of the real world is added; and what has arrived by the end of the step is written.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from activation.errors import InputError
from activation.simulator import files, profiles, registry
from activation.simulator.catalogue import PRODUCT_COUNT, draw_prices, draw_stock
from activation.simulator.collector import Collector
from activation.simulator.effects import EFFECTS, DeliveredMessage, Effect
from activation.simulator.habits import draw_people
from activation.simulator.influence import influence
from activation.simulator.life import live
from activation.simulator.people import DAY, to_micros, to_moment
from activation.simulator.registry import Changes
from activation.simulator.scenario import DEFAULT, scenario_named
from activation.simulator.scripts import Events
from activation.simulator.state import Counters, State

NEW_VISITORS = 0.033  # per day, relative to the shop's size
GROWTH = 0.0155  # per day, before the history's end
FOUNDING_SPAN = 400 * DAY  # the first customers signed up within this time before the history begins


@dataclass(frozen=True, slots=True)
class ShopReport:
    """What one call simulated and wrote. `rows` counts per table what the files hold, repeats and all;
    `counts` what truly happened."""

    start: datetime
    end: datetime
    rows: Mapping[str, int]
    counts: Mapping[str, int]
    files: tuple[Path, ...]


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

    def create(
        self, *, end: datetime, customers: int = 2000, days: int = 120, seed: int = 7, scenario: str = DEFAULT
    ) -> ShopReport:
        """Write a history of `days` up to `end` below `landing/history/`. The shop then has about `customers`.

        Raises InputError when there is a shop already, and for an unknown scenario.
        """
        if self.state_path.exists():
            raise InputError(f"{self.state_path} exists already.", "Remove the folder, or advance the shop.")
        if customers < 1 or days < 1:
            raise InputError("A shop needs at least one customer and one day.", "Raise the number.")
        start = to_micros(end) - days * DAY
        state = _found(seed, customers, to_micros(end), days, scenario)
        changes = Changes()
        everything = np.arange(PRODUCT_COUNT)
        registry.record_products(everything, state.price, state.stock, start - FOUNDING_SPAN, changes)
        _enrol_founders(state, start, changes)
        folder = self.landing_path / "history"
        return self._simulate(state, to_micros(end), folder, changes, Counter[str](), [], growth=GROWTH)

    def advance(self, *, to: datetime, delivered: Sequence[DeliveredMessage] = ()) -> ShopReport:
        """Simulate from the shop's present to `to`, under the effect of the messages delivered since the last step.

        Raises InputError when there is no shop or `to` is not in its future.
        """
        state = State.load(self.state_path)
        end = to_micros(to)
        if end <= state.instant:
            raise InputError(f"The shop is already at {to_moment(state.instant)}.", "Advance it to a later instant.")
        changes = Changes()
        counts = Counter[str]()
        events = [influence(state, self.effects, delivered, changes, counts)]
        return self._simulate(state, end, self.landing_path, changes, counts, events)

    def _simulate(
        self, state: State, end: int, folder: Path, changes: Changes, counts: Counter[str], more: list[Events], *,
        growth: float = 0.0,
    ) -> ShopReport:  # fmt: skip
        start = state.instant
        with Collector(folder, state) as collector:
            while state.instant < end:
                until = min(state.instant + DAY, end)
                visitors = state.customers * NEW_VISITORS * np.exp(-growth * (end - until) / DAY)
                events, more = live(state, until, visitors, changes, counts, more), []
                collector.collect(events, changes.tables(), until)
                changes = Changes()
                state.instant = until
        state.save(self.state_path)
        self._write_truth(state)
        counts["known_customers"] = int((state.people.customer >= 0).sum())
        return ShopReport(to_moment(start), to_moment(end), dict(collector.rows), dict(counts), tuple(collector.paths))

    def truth(self) -> dict[str, Any]:
        """The effects as they are, and what came of the messages so far. Raises InputError when there is no shop."""
        return State.load(self.state_path).truth.told(self.effects)

    def _write_truth(self, state: State) -> None:
        """What the messages did, beside the state: for those who check reports, not for the warehouse."""
        folder, instant = self.state_path.parent, to_moment(state.instant)
        state.truth.write_caused(folder / "caused_orders" / f"{files.file_stem(instant)}.parquet")
        text = json.dumps(state.truth.told(self.effects), indent=2, sort_keys=True)
        (folder / "truth.json").write_text(f"{text}\n", encoding="utf-8")


def _found(seed: int, customers: int, end: int, days: int, scenario: str) -> State:
    """The shop on the morning of its history's first day, with the people who knew it before."""
    rng = np.random.default_rng([seed, 0])
    known = scenario_named(scenario, end)
    count = max(1, round(customers * float(np.exp(-GROWTH * days))))
    people = draw_people(rng, count, first_device=1, wrong_clock=known.mess.wrong_clock)
    people.customer = 1 + np.arange(count, dtype=np.int64)
    return State(
        seed=seed,
        customers=customers,
        instant=end - days * DAY,
        scenario=known,
        counters=Counters(stretch=1, device=count + 1, customer=count + 1),
        people=people,
        price=(price := draw_prices(rng)),
        usual_price=price.copy(),
        stock=draw_stock(rng, PRODUCT_COUNT, customers),
        untold=np.zeros(PRODUCT_COUNT, dtype=np.bool_),
    )


def _enrol_founders(state: State, start: int, changes: Changes) -> None:
    rng = np.random.default_rng([state.seed, 1])
    everybody = np.arange(len(state.people))
    at = np.sort(rng.integers(start - FOUNDING_SPAN, start, len(everybody)))
    profiles.enrol(rng, state.people, everybody, at, changes)
