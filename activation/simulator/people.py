"""Who visits the demo shop: one array per trait, one place per person."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from activation.simulator.places import PLACES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = np.int64(-(2**62))
CART_SLOTS = 4
WISH_SLOTS = 3

CHANNELS = ("email", "sms", "push", "post")
EMAIL, SMS, PUSH, POST = range(len(CHANNELS))
NO_CONSENT, UNCONFIRMED, CONFIRMED, WITHDRAWN = range(4)
# Kept here: the library itself forgets all but eight zones and reads the others again.
ZONES = tuple(ZoneInfo(place.zone) for place in PLACES)
# Devices from here on are installations of the app.
FIRST_APP_DEVICE = 500_000_000


@dataclass
class People:
    """Everything the shop remembers of the people who ever came, one element per person, in order of arrival.

    Times are microseconds since 1970 UTC. A person is a customer once `customer` is not negative. Nobody is ever
    removed, so a person's place is stable.
    """

    customer: Ints
    account: Ints  # the business that the customer buys for, 0 where there is none
    place: Ints
    home: Ints  # the place at sign-up, which the telephone number keeps
    city: Ints  # numbers the place's cities
    moves: Ints  # how often the person moved
    renames: Ints  # how often the last name changed
    habit: Floats  # the local hour around which the person comes
    visit_rate: Floats  # visits per day
    buying: Floats  # multiplies the chance that a visit ends in an order
    sensitivity: Floats  # how strongly a price below the usual one raises that chance, and one above lowers it
    taste: Ints
    second_taste: Ints
    season_day: Ints  # the day of the year around which the person looks for one category, -1 where there is none
    season_taste: Ints
    staple: Ints  # the product that the customer buys again and again, -1 where there is none
    cadence: Floats  # days between two purchases of it
    refill_at: Ints  # when it is due again
    device: Ints
    second_device: Ints  # another one that knows the person, 0 where there is none
    app_device: Ints  # the installation of the app, 0 where there is none
    spare_device: Ints  # one that the person used without signing in; 0 where there is none
    shares_device: Bools  # the spare device is another person's
    skew: Ints
    has_cart_ids: Bools
    is_dormant: Bools
    is_gone: Bools
    name: Ints  # seeds the name, the birthday and the address
    address_owner: Ints  # the customer whose address it is: another one's within a household
    has_point: Bools  # per channel
    consent: Ints  # per channel, to marketing
    service_consent: Ints  # per channel, to service messages
    signed_up_at: Ints
    twin: Ints  # the customer whom this one turns out to be, -1 where it is nobody else
    merges_at: Ints  # when that is found out
    last_order_at: Ints
    busy_until: Ints
    boost: Floats
    boost_from: Ints
    boost_until: Ints
    boost_trigger: Ints  # the number of the trigger whose message it was
    fatigue: Floats  # the marketing messages of late, as they stood at `fatigue_at`
    fatigue_at: Ints
    cart: Ints  # the number of the open cart, 0 where there is none
    cart_changed_at: Ints
    cart_product: Ints  # CART_SLOTS per person, filled from the left, -1 where empty
    cart_quantity: Ints
    cart_price: Ints
    wish_product: Ints  # WISH_SLOTS per person, -1 where empty

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, chosen: Bools) -> "People":
        """The people for whom `chosen` holds."""
        return People(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def append(self, other: "People") -> None:
        """Add the people of `other` at the end."""
        for item in fields(self):
            setattr(self, item.name, _extended(getattr(self, item.name), getattr(other, item.name)))

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


def _extended(array: Any, more: Any) -> Any:
    """Both, one after the other; with room to grow behind, since people are added every day."""
    count, needed = len(array), len(array) + len(more)
    room = array.base
    if not (isinstance(room, np.ndarray) and len(room) >= needed and _begins_with(room, array)):
        room = np.empty((needed + needed // 4, *array.shape[1:]), dtype=array.dtype)
        room[:count] = array
    room[count:needed] = more
    return room[:needed]


def _begins_with(room: Any, array: Any) -> bool:
    is_alike = room.dtype == array.dtype and room.shape[1:] == array.shape[1:]
    return bool(is_alike and room.flags.c_contiguous and room.ctypes.data == array.ctypes.data)


# What a person nobody knows yet begins with, where it is the same for all: the value and its type.
BLANK: dict[str, tuple[Any, type]] = {
    **dict.fromkeys(("customer", "address_owner", "twin"), (-1, np.int64)),
    **dict.fromkeys(("account", "moves", "renames", "boost_trigger"), (0, np.int32)),
    **dict.fromkeys(("second_device", "app_device", "spare_device", "cart"), (0, np.int64)),
    **dict.fromkeys(("shares_device", "is_dormant", "is_gone"), (False, np.bool_)),
    **dict.fromkeys(
        ("refill_at", "signed_up_at", "merges_at", "last_order_at", "busy_until", "boost_from", "boost_until",
         "fatigue_at", "cart_changed_at"), (NEVER, np.int64)),
    "boost": (1.0, np.float64),
    "fatigue": (0.0, np.float64),
}  # fmt: skip
BLANK_ROWS: dict[str, tuple[int, Any, type]] = {
    "has_point": (len(CHANNELS), False, np.bool_),
    "consent": (len(CHANNELS), NO_CONSENT, np.int8),
    "service_consent": (len(CHANNELS), NO_CONSENT, np.int8),
    "cart_product": (CART_SLOTS, -1, np.int32),
    "cart_quantity": (CART_SLOTS, 0, np.int32),
    "cart_price": (CART_SLOTS, 0, np.int32),
    "wish_product": (WISH_SLOTS, -1, np.int32),
}


def blank(count: int, traits: Callable[[int], dict[str, Any]]) -> People:
    """People who have the given traits, and of whom nothing else is known."""
    same: dict[str, Any] = {name: np.full(count, value, dtype=kind) for name, (value, kind) in BLANK.items()}
    rows: dict[str, Any] = {
        name: np.full((count, width), value, dtype=kind) for name, (width, value, kind) in BLANK_ROWS.items()
    }
    return People(**same, **rows, **traits(count))


def zone_offsets(instant: int) -> Ints:
    """How far each place's clock is ahead of UTC at an instant."""
    moment = datetime.fromtimestamp(instant // SECOND, UTC)
    offsets = [moment.astimezone(zone).utcoffset() for zone in ZONES]
    return np.array([int(offset.total_seconds()) * SECOND if offset else 0 for offset in offsets])


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of a UTC time without a zone."""
    return int((moment - datetime(1970, 1, 1)).total_seconds()) * SECOND + moment.microsecond


def to_moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // SECOND, UTC).replace(tzinfo=None, microsecond=micros % SECOND)
