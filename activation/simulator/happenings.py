"""What happens in visits, before it is known when exactly and who is seen doing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.people import Bools, Ints


@dataclass
class Happenings:
    """One element per event, in any order. `visit` is the row in the visits; `place` orders a visit's events.

    No two events of a visit have the same place.
    """

    kind: Ints
    visit: Ints
    place: Ints
    properties: Any

    def __len__(self) -> int:
        return len(self.kind)

    def taken(self, order: Ints) -> "Happenings":
        return Happenings(self.kind[order], self.visit[order], self.place[order], self.properties.take(pa.array(order)))


def happen(kind: int | Ints, visit: Ints, place: int | Ints, properties: Any) -> Happenings:
    """One event per element of `visit`; `kind` and `place` may be the same for all."""
    shape = visit.shape
    return Happenings(np.broadcast_to(kind, shape), visit, np.broadcast_to(place, shape), properties)


def some(kind: int, place: int, visit: Ints, texts: Any, chosen: Bools) -> Happenings:
    """As `happen`, for the chosen ones."""
    return happen(kind, visit[chosen], place, texts.filter(pa.array(chosen)))


def together(parts: Sequence[Happenings]) -> Happenings:
    """The parts, ordered by visit and place."""
    visit = np.concatenate([part.visit for part in parts]).astype(np.int64)
    place = np.concatenate([part.place for part in parts]).astype(np.int64)
    kind = np.concatenate([part.kind for part in parts]).astype(np.int64)
    return Happenings(kind, visit, place, documents.chained([part.properties for part in parts])).taken(
        np.lexsort((place, visit))
    )
