"""When a parcel is sent and when it arrives: decided by the order alone, so that every sector knows the same."""

from dataclasses import dataclass

import numpy as np

from activation.simulator.chances import Chances
from activation.simulator.people import DAY, SECOND, Bools, Ints, People, zone_offsets
from activation.simulator.places import PLACES
from activation.simulator.sectors import Orders

PACKED = (3.0, 30.0)  # hours after the order
# Days on the way, from and to, both included: at home, near, and far away.
TRANSIT = ((1, 3), (2, 5), (3, 7))
NEAR = {"IE", "DE", "AT", "FR", "NL", "BE", "CH", "ES", "IT"}
DELAYED_SHARE, DELAYED_BY = 0.05, (3, 8)  # days more
LOST_SHARE = 0.007
DOORBELL = (8, 19)  # the local hours in which parcels are handed over
CARRIERS = ("Blue Van", "Swift Parcel", "Far and Away")  # one per distance

DISTANCE = np.array([0 if place.country == "GB" else 1 if place.country in NEAR else 2 for place in PLACES])
FASTEST, SLOWEST = (np.array(days)[DISTANCE] for days in zip(*TRANSIT, strict=True))


@dataclass(frozen=True, slots=True)
class Deliveries:
    """One element per order; an instant is 0 where it never comes."""

    shipped_at: Ints
    delivered_at: Ints
    carrier: Ints  # a place in CARRIERS
    is_delayed: Bools
    is_lost: Bools


def deliver(people: People, orders: Orders) -> Deliveries:
    """What becomes of the parcels. Cancelled orders are never sent, lost ones never arrive."""
    chances, person = Chances(0), orders.person
    keys = (people.name[person], orders.ordered_at)
    place = people.place[person]
    is_sent = orders.cancelled_at == 0
    packed = chances.between("packed", PACKED[0] * 3600, PACKED[1] * 3600, *keys) * SECOND
    shipped_at = orders.ordered_at + packed
    is_delayed = chances.uniform("delayed", *keys) < DELAYED_SHARE
    is_lost = chances.uniform("lost", *keys) < LOST_SHARE
    days = FASTEST[place] + (chances.uniform("days", *keys) * (SLOWEST - FASTEST + 1)[place]).astype(np.int64)
    days += np.where(is_delayed, chances.between("delay", DELAYED_BY[0], DELAYED_BY[1] + 1, *keys), 0)
    minute = chances.between("minute", DOORBELL[0] * 60, DOORBELL[1] * 60, *keys) * 60 * SECOND
    offset = zone_offsets(int(shipped_at[0]) if len(orders) else 0)[place]
    local_day = (shipped_at + offset) // DAY * DAY
    delivered_at = local_day + days * DAY + minute - offset
    return Deliveries(
        shipped_at=np.where(is_sent, shipped_at, 0),
        delivered_at=np.where(is_sent & ~is_lost, delivered_at, 0),
        carrier=DISTANCE[place],
        is_delayed=is_delayed,
        is_lost=is_lost,
    )
