"""What the shop's coffee school offers, and when: a session's number says everything about it.

Sessions are not remembered: kind, place, local day and group make the number, and the number gives them back.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from activation.simulator.people import DAY, HOUR, MINUTE, Ints, zone_offsets
from activation.simulator.places import PLACES

WEEK = 7 * DAY
# Days since 1970 begin on a Thursday.
THURSDAY, FRIDAY, SATURDAY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Offer:
    """Sessions on one weekday at one local minute; without a weekday, on all working days, an hour per group."""

    kind: str
    weekday: int | None
    begins: int  # minutes after local midnight
    lasts: int  # minutes
    share: float  # of the bookings


OFFERS = (
    Offer("course", SATURDAY, 600, 180, 0.25),
    Offer("workshop", THURSDAY, 1110, 120, 0.20),
    Offer("tasting", FRIDAY, 1140, 90, 0.20),
    Offer("appointment", None, 420, 30, 0.35),
)
KINDS = tuple(offer.kind for offer in OFFERS)
APPOINTMENT = KINDS.index("appointment")
APPOINTMENT_HOURS = 10
# How many of each a number has room for.
PLACE_ROOM, KIND_ROOM, GROUP_ROOM = 100, 10, 1000
CITIES = tuple(place.cities[0][0] for place in PLACES)

BEGINS = np.array([offer.begins for offer in OFFERS]) * MINUTE
LASTS = np.array([offer.lasts for offer in OFFERS]) * MINUTE
WEEKDAYS = np.array([-1 if offer.weekday is None else offer.weekday for offer in OFFERS])


def session(day: Ints, place: Ints, kind: Ints, group: Ints) -> Ints:
    """The number of a session; `day` is the local one, in days since 1970."""
    return ((np.asarray(day, dtype=np.int64) * PLACE_ROOM + place) * KIND_ROOM + kind) * GROUP_ROOM + group


def kind_of(number: Ints) -> Ints:
    return number // GROUP_ROOM % KIND_ROOM


def place_of(number: Ints) -> Ints:
    return number // GROUP_ROOM // KIND_ROOM % PLACE_ROOM


def day_of(number: Ints) -> Ints:
    return number // GROUP_ROOM // KIND_ROOM // PLACE_ROOM


def times_of(number: Ints) -> tuple[Ints, Ints]:
    """When sessions begin and end."""
    kind, day = kind_of(number), day_of(number)
    hour = np.where(kind == APPOINTMENT, number % GROUP_ROOM % APPOINTMENT_HOURS, 0)
    begins = day * DAY + BEGINS[kind] + hour * HOUR - _offsets(day, place_of(number))
    return begins, begins + LASTS[kind]


def next_day(day: Ints, kind: Ints) -> Ints:
    """The first day from `day` on that has sessions of the kind."""
    wanted = WEEKDAYS[kind]
    to_weekday = (wanted - day) % 7
    weekday = day % 7
    to_working_day = np.where(weekday == SATURDAY, 2, np.where(weekday == SATURDAY + 1, 1, 0))
    return np.asarray(day + np.where(wanted < 0, to_working_day, to_weekday))


def local_day(at: Ints, place: Ints) -> Ints:
    """The days since 1970 on the clocks of the places."""
    offset = _offsets_on(int(at[0]) // DAY)[place] if len(at) else at
    return np.asarray((at + offset) // DAY)


def _offsets(day: Ints, place: Ints) -> Ints:
    """How far the places' clocks are ahead on those days: summer time may begin before the session."""
    offsets = np.zeros(len(day), dtype=np.int64)
    for one in np.unique(day):
        on_day = day == one
        offsets[on_day] = _offsets_on(int(one))[place[on_day]]
    return offsets


@cache
def _offsets_on(day: int) -> Ints:
    return zone_offsets(day * DAY + 12 * HOUR)
