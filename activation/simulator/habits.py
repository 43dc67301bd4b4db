"""What people are like: drawn once, when they first come, and kept for life."""

from typing import Any

import numpy as np

from activation.simulator.catalogue import CATEGORIES, PRODUCT_COUNT
from activation.simulator.people import SECOND, Ints, People, blank
from activation.simulator.places import CITY_COUNTS, PLACES

SHARES = np.array([place.share for place in PLACES])

WRONG_CLOCK = 0.03
NO_CART_IDS = 0.08
BARGAIN_HUNTERS = 0.15
HAS_SEASON = 0.10  # looks for one category around one day of the year
HAS_STAPLE = 0.15  # buys one product again and again
SHORTEST_CADENCE, LONGEST_CADENCE = 14.0, 60.0  # days


def draw_people(rng: np.random.Generator, count: int, first_device: int, wrong_clock: float = WRONG_CLOCK) -> People:
    """New visitors that nobody knows yet."""

    def traits(size: int) -> dict[str, Any]:
        place = rng.choice(len(PLACES), size, p=SHARES / SHARES.sum()).astype(np.int32)
        usual = rng.choice([8.0, 12.5, 17.5, 20.0], size, p=[0.2, 0.2, 0.25, 0.35])
        return {
            "place": place,
            "home": place.copy(),
            "city": (rng.integers(0, 2**30, size) % CITY_COUNTS[place]).astype(np.int32),
            "habit": usual + rng.normal(0, 0.7, size),
            "visit_rate": np.clip(rng.gamma(1.1, 0.30, size), 0.01, 2.5),
            "buying": np.clip(rng.gamma(3.0, 1 / 3, size), 0.1, 3.0),
            "sensitivity": _sensitivities(rng, size),
            "taste": rng.integers(0, len(CATEGORIES), size, dtype=np.int32),
            "second_taste": rng.integers(0, len(CATEGORIES), size, dtype=np.int32),
            "season_day": _some(rng, HAS_SEASON, rng.integers(0, 365, size)),
            "season_taste": rng.integers(0, len(CATEGORIES), size, dtype=np.int32),
            "staple": _some(rng, HAS_STAPLE, rng.integers(0, PRODUCT_COUNT, size)),
            "cadence": rng.uniform(SHORTEST_CADENCE, LONGEST_CADENCE, size),
            "device": first_device + np.arange(size, dtype=np.int64),
            "skew": np.where(rng.random(size) < wrong_clock, rng.integers(-120, 121, size), 0) * SECOND,
            "has_cart_ids": rng.random(size) >= NO_CART_IDS,
            "name": rng.integers(0, 2**40, size),
        }

    return blank(count, traits)


def _sensitivities(rng: np.random.Generator, count: int) -> Any:
    """Most people hardly look at prices; bargain hunters look at little else."""
    hunts = rng.random(count) < BARGAIN_HUNTERS
    return np.where(hunts, rng.uniform(3.0, 6.0, count), np.clip(rng.gamma(1.5, 0.5, count), 0.0, 2.5))


def _some(rng: np.random.Generator, share: float, values: Ints) -> Any:
    """The values of a share of the people, -1 for the others."""
    return np.where(rng.random(len(values)) < share, values, -1).astype(np.int32)
