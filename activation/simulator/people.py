"""Who visits the demo shop: one array per trait, one place per person."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from activation.simulator.catalogue import CATEGORIES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = np.int64(-(2**62))
CART_SLOTS = 4

# country, locale, zone, share of the visitors
PLACES: tuple[tuple[str, str, str, float], ...] = (
    ("GB", "en", "Europe/London", 0.32),
    ("US", "en", "America/New_York", 0.10),
    ("US", "en", "America/Chicago", 0.05),
    ("US", "en", "America/Los_Angeles", 0.06),
    ("AU", "en", "Australia/Sydney", 0.05),
    ("AU", "en", "Australia/Perth", 0.02),
    ("DE", "de", "Europe/Berlin", 0.16),
    ("AT", "de", "Europe/Vienna", 0.03),
    ("FR", "fr", "Europe/Paris", 0.11),
    ("NL", "nl", "Europe/Amsterdam", 0.10),
)
SHARES = np.array([place[3] for place in PLACES])
NO_CONSENT, UNCONFIRMED, CONFIRMED, WITHDRAWN = range(4)


@dataclass
class People:
    """Everything the shop remembers of the people who ever came, one element per person, in order of arrival.

    Times are microseconds since 1970 UTC. A person is a customer once `customer` is not negative.
    """

    customer: Ints
    place: Ints
    habit: Floats  # the local hour around which the person comes
    visit_rate: Floats  # visits per day
    buying: Floats  # multiplies the chance that a visit ends in an order
    taste: Ints
    second_taste: Ints
    device: Ints
    spare_device: Ints  # one that the person used without signing in; 0 where there is none
    device_kind: Ints
    skew: Ints
    has_cart_ids: Bools
    is_dormant: Bools
    is_gone: Bools
    name: Ints  # seeds the name, the birthday and the address
    address_owner: Ints  # the customer whose address it is: another one's within a household
    consent: Ints
    has_contact_point: Bools
    signed_up_at: Ints
    last_order_at: Ints
    busy_until: Ints
    boost: Floats
    boost_from: Ints
    boost_until: Ints
    cart: Ints  # the number of the open cart, 0 where there is none
    cart_changed_at: Ints
    cart_product: Ints  # CART_SLOTS per person, filled from the left, -1 where empty
    cart_quantity: Ints
    cart_price: Ints

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, chosen: Bools) -> "People":
        """The people for whom `chosen` holds."""
        return People(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def append(self, other: "People") -> None:
        """Add the people of `other` at the end."""
        for item in fields(self):
            joined = np.concatenate([getattr(self, item.name), getattr(other, item.name)])
            setattr(self, item.name, joined)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


def draw_people(rng: np.random.Generator, count: int, first_device: int) -> People:
    """New visitors that nobody knows yet."""
    none = np.zeros(count, dtype=np.int64)
    never = np.full(count, NEVER)
    habit = rng.choice([8.0, 12.5, 17.5, 20.0], count, p=[0.2, 0.2, 0.25, 0.35]) + rng.normal(0, 0.7, count)
    skew = np.where(rng.random(count) < 0.03, rng.integers(-120, 121, count), 0) * SECOND
    return People(
        customer=none - 1,
        place=rng.choice(len(PLACES), count, p=SHARES / SHARES.sum()),
        habit=habit,
        visit_rate=np.clip(rng.gamma(1.1, 0.30, count), 0.01, 2.5),
        buying=np.clip(rng.gamma(3.0, 1 / 3, count), 0.1, 3.0),
        taste=rng.integers(0, len(CATEGORIES), count),
        second_taste=rng.integers(0, len(CATEGORIES), count),
        device=first_device + np.arange(count, dtype=np.int64),
        spare_device=none.copy(),
        device_kind=rng.integers(0, 3, count),
        skew=skew,
        has_cart_ids=rng.random(count) >= 0.08,
        is_dormant=np.zeros(count, dtype=np.bool_),
        is_gone=np.zeros(count, dtype=np.bool_),
        name=rng.integers(0, 2**40, count),
        address_owner=none - 1,
        consent=none.copy(),
        has_contact_point=np.zeros(count, dtype=np.bool_),
        signed_up_at=never.copy(),
        last_order_at=never.copy(),
        busy_until=never.copy(),
        boost=np.ones(count),
        boost_from=never.copy(),
        boost_until=never.copy(),
        cart=none.copy(),
        cart_changed_at=never.copy(),
        cart_product=np.full((count, CART_SLOTS), -1, dtype=np.int64),
        cart_quantity=np.zeros((count, CART_SLOTS), dtype=np.int64),
        cart_price=np.zeros((count, CART_SLOTS), dtype=np.int64),
    )


def zone_offsets(instant: int) -> Ints:
    """How far each place's clock is ahead of UTC at an instant."""
    moment = datetime.fromtimestamp(instant // SECOND, UTC)
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() for _, _, zone, _ in PLACES]
    return np.array([int(offset.total_seconds()) * SECOND if offset else 0 for offset in offsets])


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of a UTC time without a zone."""
    return int((moment - datetime(1970, 1, 1)).total_seconds()) * SECOND + moment.microsecond


def to_moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // SECOND, UTC).replace(tzinfo=None, microsecond=micros % SECOND)
