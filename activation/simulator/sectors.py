"""What a sector of the demo shop is: a part of its business that goes on beside the visits, stretch by stretch."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from activation.simulator.people import Bools, Ints, People
from activation.simulator.registry import Changes
from activation.simulator.scripts import Events
from activation.simulator.vocabulary import KINDS

Memory = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a stretch, one element each, in the order of `ordered_at`; amounts in pence.

    `product`, `quantity` and `price` have a row per order and a column per slot; an empty slot's product is -1.
    """

    number: Ints  # as in `order-00000042`
    person: Ints
    ordered_at: Ints
    total: Ints
    product: Ints
    quantity: Ints
    price: Ints
    cancelled_at: Ints  # 0 where never; may lie after the stretch, as may the next
    refunded_at: Ints  # 0 where never
    refunded: Ints  # how much of the total

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True)
class Stretch:
    """At most a day of the shop's life, from `start` to `end` (microseconds since 1970 UTC).

    `people` may be read only, and keeps its order: a place in it is the same person for ever. `changes` takes rows of
    change and `counts` what is to be said of the stretch.
    """

    start: int
    end: int
    people: People
    prices: Ints  # of every product
    orders: Orders
    changes: Changes
    counts: Counter[str]


class Sector(Protocol):
    """A part of the business. It remembers only what it puts into its memory, which the shop keeps for it."""

    name: str

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        """What happens in a stretch, and what it makes happen later: events may lie after `stretch.end`.

        `rng` belongs to this sector and stretch alone; `memory` is empty in the first stretch and may be written.
        """


def erased(stretch: Stretch) -> Bools:
    """Who asked to be forgotten. Customers who turned out to be somebody else go on under the id that they had."""
    people = stretch.people
    is_merged = (people.twin >= 0) & (people.merges_at < stretch.end)
    return people.is_gone & ~is_merged


def told(stretch: Stretch, name: str, person: Ints, at: Ints, properties: Any, device: Ints | None = None) -> Events:
    """One kind of event of known customers; from the shop's server where no device is given."""
    return Events(
        kind=np.full(len(person), KINDS[name]),
        person=person,
        customer=stretch.people.customer[person],
        device=np.zeros(len(person), dtype=np.int64) if device is None else device,
        occurred_at=np.asarray(at) // 1000 * 1000,
        properties=properties,
    )
