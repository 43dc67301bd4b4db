"""What kind of time the demo shop goes through: how much goes wrong, and what happens on which days.

Days are counted from the shop's opening, the instant at which its history ends: day 0 is the first that is lived live,
and negative days lie in the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from activation.errors import InputError
from activation.simulator.people import DAY, HOUR, MINUTE, Bools, Floats, Ints

DEFAULT = "messy"


@dataclass(frozen=True, slots=True)
class Mess:
    """Which share of what is written goes wrong, and how."""

    late: float = 0.0  # of events arrive minutes to days late
    repeated: float = 0.0  # of events and rows of change come twice
    broken: float = 0.0  # extra rows that no loader may let in, relative to the events
    nobody: float = 0.0  # of anonymous events say that their user is "null" or "guest"
    wrong_clock: float = 0.0  # of people have a clock that is minutes wrong


@dataclass(frozen=True, slots=True)
class Outage:
    """The collector is away between two instants, in hours after the opening; the products of one day are not told."""

    from_hour: int
    until_hour: int
    silent_day: int

    def hides(self, instants: Ints) -> Bools:
        """Which of the instants, in microseconds after the opening, nobody takes down."""
        return np.asarray((instants >= self.from_hour * HOUR) & (instants < self.until_hour * HOUR))


@dataclass(frozen=True, slots=True)
class Sale:
    """Prices are cut on most products and people come in crowds, from one day up to another."""

    from_day: int
    until_day: int


MESSY = Mess(late=0.03, repeated=0.02, broken=0.002, nobody=0.003, wrong_clock=0.03)
SALE_TRAFFIC = 1.8
SALE_CUT = 0.7
SALE_SHARE = 0.6  # of products are in it
CATCHING_UP = 10 * MINUTE  # what the collector missed comes within this time


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, the mess of every day, and the days that are unlike the others; `opening` is in microseconds."""

    name: str
    mess: Mess = MESSY
    sales: tuple[Sale, ...] = ()
    outages: tuple[Outage, ...] = ()
    opening: int = field(default=0)

    def is_sale(self, instant: int) -> bool:
        day = (instant - self.opening) // DAY
        return any(sale.from_day <= day < sale.until_day for sale in self.sales)

    def traffic(self, instant: int) -> float:
        """How many more people come than otherwise."""
        return SALE_TRAFFIC if self.is_sale(instant) else 1.0

    def is_silent(self, instant: int) -> bool:
        """Whether the products of this day are not told."""
        return any(outage.silent_day == (instant - self.opening) // DAY for outage in self.outages)

    def held_back(self, received_at: Ints, draw: Floats) -> Ints:
        """When what would have been received at these instants is received; `draw` is from 0 to 1."""
        for outage in self.outages:
            back = self.opening + outage.until_hour * HOUR + (draw * CATCHING_UP).astype(np.int64) // 1000 * 1000
            received_at = np.where(outage.hides(received_at - self.opening), back, received_at)
        return received_at


SCENARIOS: Mapping[str, Scenario] = {
    "clean": Scenario("clean", mess=Mess()),
    "messy": Scenario("messy"),
    "sale": Scenario("sale", sales=(Sale(-40, -36), Sale(2, 7))),
    "outage": Scenario("outage", outages=(Outage(-20 * 24 + 14, -20 * 24 + 27, -19), Outage(38, 51, 2))),
}


def scenario_named(name: str, opening: int) -> Scenario:
    """Raises InputError for an unknown name."""
    if name not in SCENARIOS:
        raise InputError(f"There is no scenario {name!r}.", f"Use one of {', '.join(sorted(SCENARIOS))}.")
    known = SCENARIOS[name]
    return Scenario(known.name, known.mess, known.sales, known.outages, opening)
