"""Turns visits into events: what happens one after the other, who is seen doing it, and the text of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.browsing import AGAIN_PLACE, STEP, browse
from activation.simulator.buying import carts, checkouts
from activation.simulator.chances import Chances
from activation.simulator.happenings import Happenings, happen, together
from activation.simulator.people import HOUR, MINUTE, SECOND, Ints, People
from activation.simulator.scenario import Scenario
from activation.simulator.visits import KNOWN, SIGN_IN, SIGN_UP, STAYS_UNKNOWN, Visits
from activation.simulator.vocabulary import COMPLETED, KINDS, SIGNED_IN, SIGNED_UP

SIGN_OFFSET, SIGN_OUT_PLACE = 5, 4000
ORDER_FROM_SERVER = 0.2  # the shop's server reports it, and knows no device
SIGNED_OUT = KINDS["Signed Out"]
SIGN_TEXTS = pa.array(['{"method":"email"}', '{"method":"password"}'])


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
    """What a stretch of visits came to: its events, when each visit ended, when people signed up or ordered, and what
    the orders came to. One element per visit; 0 where there was nothing of the kind."""

    events: Events
    ended: Ints
    signed_up_at: Ints
    ordered_at: Ints
    total: Ints


def tell(chances: Chances, people: People, visits: Visits, price: Ints, scenario: Scenario) -> Told:
    """Write down the visits. Takes what was removed or bought out of `visits`' carts."""
    total = np.zeros(len(visits), dtype=np.int64)
    happenings = together(
        [
            *browse(chances, people, visits, price),
            *checkouts(chances, people, visits, scenario, total),
            *carts(chances, people, visits),
            *_signings(chances, visits),
        ]
    )
    times = _times(chances, visits, happenings)
    ended = visits.start.copy()
    np.maximum.at(ended, happenings.visit, times)
    return Told(
        events=_events(chances, people, visits, happenings, times),
        ended=ended,
        signed_up_at=_instant_of(SIGNED_UP, happenings, times, len(visits)),
        ordered_at=_instant_of(COMPLETED, happenings, times, len(visits)),
        total=total,
    )


def _signings(chances: Chances, visits: Visits) -> list[Happenings]:
    visit = np.flatnonzero((visits.identity == SIGN_IN) | (visits.identity == SIGN_UP))
    view = 1 + chances.between("the sign", 0, 2**30, visits.person[visit]) % visits.view_count[visit]
    signs_up = visits.identity[visit] == SIGN_UP
    text = SIGN_TEXTS.take(pa.array(np.where(signs_up, 0, 1)))
    leaving = np.flatnonzero(visits.signs_out)
    return [
        happen(np.where(signs_up, SIGNED_UP, SIGNED_IN), visit, view * STEP + SIGN_OFFSET, text),
        happen(SIGNED_OUT, leaving, SIGN_OUT_PLACE, documents.repeated("{}", len(leaving))),
    ]


def _times(chances: Chances, visits: Visits, happenings: Happenings) -> Ints:
    """A minute or so between the events of a visit, hours before another look; whole milliseconds."""
    count = len(happenings)
    draw = chances.uniform("the gap", visits.person[happenings.visit], happenings.place)
    gaps = np.minimum(5 * SECOND - 55 * SECOND * np.log1p(-draw), 20 * MINUTE).astype(np.int64)
    later = happenings.place == AGAIN_PLACE
    gaps[later] = (HOUR + draw[later] * 7 * HOUR).astype(np.int64)
    is_first = np.diff(happenings.visit, prepend=-1) > 0
    elapsed = np.cumsum(gaps)
    at_start = np.maximum.accumulate(np.where(is_first, np.arange(count), 0))
    elapsed -= elapsed[at_start]
    return np.asarray((visits.start[happenings.visit] + elapsed) // 1000 * 1000)


def _events(chances: Chances, people: People, visits: Visits, happenings: Happenings, times: Ints) -> Events:
    """Who each event says it was: nobody before the sign-in of its visit, nor after the sign-out."""
    visit = happenings.visit
    signs = (happenings.kind == SIGNED_IN) | (happenings.kind == SIGNED_UP)
    known_from = np.where(visits.identity == KNOWN, 0, np.iinfo(np.int64).max)
    known_from[visit[signs]] = happenings.place[signs]
    is_known = happenings.place >= known_from[visit]
    is_known &= visits.identity[visit] != STAYS_UNKNOWN
    is_known &= ~visits.signs_out[visit] | (happenings.place <= SIGN_OUT_PLACE)
    person = visits.person[visit]
    by_server = chances.uniform("the server", visits.person) < ORDER_FROM_SERVER
    from_server = (happenings.kind == COMPLETED) & by_server[visit]
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
