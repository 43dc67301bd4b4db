"""The demo shop: a small world with a seed, whose past can be written at once and whose future comes in steps.

A step of any length is simulated in stretches of at most a day. In each, people come, do something and leave; what
happened becomes events; the mess of the real world is added; and what has arrived by the end of the step is written.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from activation.errors import InputError
from activation.simulator import files, mess, profiles, registry
from activation.simulator.catalogue import PRODUCT_COUNT, draw_prices, draw_stock
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
            events, more = live(state, until, visitors, changes, counts, more), []
            rng = np.random.default_rng([state.seed, 4, state.counters.stretch])
            tables = {files.EVENTS: events} | mess.repeat_changes(rng, changes.tables(), state.scenario.mess)
            for table in files.TABLES:
                output.add(table, tables.get(table, files.empty_table(table)), until)
            changes = Changes()
            state.instant = until
        for table in files.TABLES:
            output.write(table, end)
        state.save(self.state_path)
        self._write_truth(state)
        counts["known_customers"] = int((state.people.customer >= 0).sum())
        return ShopReport(to_moment(start), to_moment(end), dict(output.rows), dict(counts), tuple(output.paths))

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
