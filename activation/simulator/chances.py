"""Chance that belongs to somebody: the same draw for the same person, whatever happens to anybody else.

A generator hands out its numbers in turn, so one draw more for one person changes what all the others get. Here every
draw is a hash of a seed, of what it decides and of whom it is about; two worlds that differ in one person differ there
alone.
"""

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from activation.simulator.people import DAY, HOUR, Bools, Floats, Ints, People, zone_offsets

if TYPE_CHECKING:  # the visits draw from here too, and sectors know the visits' events
    from activation.simulator.sectors import Stretch

Words = npt.NDArray[np.uint64]

# The constants of the SplitMix64 generator.
STEP = 0x9E3779B97F4A7C15
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
WORD = 2**64
HABIT_SPREAD = 1.6  # hours around the habitual one


class Chances:
    """Draws by hash. `what` names the decision; the keys, one element per draw, say whom or what it is about."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @classmethod
    def of(cls, rng: np.random.Generator) -> "Chances":
        """The chances of one stretch of one sector."""
        return cls(int(rng.integers(0, 2**62)))

    def uniform(self, what: str, *keys: Ints) -> Floats:
        """From 0 inclusive to 1 exclusive."""
        words = np.full(np.broadcast_shapes(*(np.shape(key) for key in keys)), self._start(what), dtype=np.uint64)
        for key in keys:
            words = _mixed(words ^ np.asarray(key).astype(np.uint64))
        return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)

    def between(self, what: str, low: float, high: float, *keys: Ints) -> Ints:
        """Whole numbers from `low` inclusive to `high` exclusive."""
        return np.asarray(np.floor(low + self.uniform(what, *keys) * (high - low)), dtype=np.int64)

    def exponential(self, what: str, mean: float, *keys: Ints) -> Floats:
        return -mean * np.log1p(-self.uniform(what, *keys))

    def normal(self, what: str, *keys: Ints) -> Floats:
        """Mean 0, deviation 1."""
        radius = np.sqrt(self.exponential(f"{what}, radius", 2.0, *keys))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(f"{what}, angle", *keys)))

    def pick(self, what: str, shares: Sequence[float], *keys: Ints) -> Ints:
        """The place of one of the shares, which need not add up to 1; as likely as its share."""
        bounds = np.cumsum(shares) / sum(shares)
        return np.searchsorted(bounds[:-1], self.uniform(what, *keys), side="right").astype(np.int64)

    def _start(self, what: str) -> np.uint64:
        return np.uint64((self._seed + STEP * (zlib.crc32(what.encode()) + 1)) % WORD)


def _mixed(words: Words) -> Words:
    words = words + np.uint64(STEP)
    words = (words ^ (words >> np.uint64(30))) * FIRST
    words = (words ^ (words >> np.uint64(27))) * SECOND
    return words ^ (words >> np.uint64(31))


def at_habit(chances: Chances, what: str, people: People, person: Ints, start: Ints | int) -> Ints:
    """When each person does something within 24 hours of `start`: around the habitual hour on the own clock."""
    hours = people.habit[person] + HABIT_SPREAD * chances.normal(what, people.name[person])
    first = int(np.min(start, initial=np.iinfo(np.int64).max)) if np.size(start) else 0
    offsets = zone_offsets(first)[people.place[person]] if len(person) else np.zeros(0, dtype=np.int64)
    of_day = ((hours * HOUR).astype(np.int64) - offsets) % DAY
    return np.asarray(start + (of_day - start % DAY) % DAY // 1000 * 1000, dtype=np.int64)


def who_does(
    chances: Chances, what: str, stretch: "Stretch", per_day: float, among: Bools | None = None
) -> tuple[Ints, Ints]:
    """The customers who do something in a stretch, each at most once, and when.

    Only customers of earlier stretches do anything: so nothing that they do comes before their signing up.
    """
    people = stretch.people
    may = (people.customer >= 0) & ~people.is_gone & (people.signed_up_at < stretch.start)
    person = np.flatnonzero(may if among is None else may & among)
    person = person[chances.uniform(f"{what}, today", people.name[person]) < -np.expm1(-per_day)]
    at = at_habit(chances, f"{what}, when", people, person, stretch.start)
    return person[at < stretch.end], at[at < stretch.end]
