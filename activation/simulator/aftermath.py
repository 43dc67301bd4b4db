"""What follows an order by itself: its parcel is sent and arrives, and some write a review."""

import numpy as np
import pyarrow as pa

from activation.simulator import attributes, documents
from activation.simulator.catalogue import PRODUCTS, to_json
from activation.simulator.chances import Chances
from activation.simulator.deliveries import CARRIERS, Deliveries, deliver
from activation.simulator.people import DAY, Bools, Ints
from activation.simulator.scripts import Events, joined
from activation.simulator.sectors import Memory, Orders, Stretch, told

REVIEWS = 0.14  # of the lines that were delivered
REVIEW_AFTER, REVIEW_WITHIN = 9.0, 45.0  # days after the delivery: on average, and at most
RATINGS = (0.03, 0.05, 0.10, 0.30, 0.52)  # of one star to five
ANGRY_RATINGS = (0.35, 0.25, 0.20, 0.12, 0.08)  # where the parcel was late or something went back

PRODUCT_IDS = pa.array([to_json(product.product_id) for product in PRODUCTS])


class Aftermath:
    """Order Shipped, Order Delivered and Product Reviewed: told in advance when the order is made."""

    name = "aftermath"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:  # noqa: ARG002 - told at once
        deliveries = deliver(stretch.people, stretch.orders)
        return joined(
            [
                _parcels(stretch, deliveries, deliveries.shipped_at, "Order Shipped"),
                _parcels(stretch, deliveries, deliveries.delivered_at, "Order Delivered"),
                _reviews(Chances.of(rng), stretch, deliveries),
            ]
        )


def _parcels(stretch: Stretch, deliveries: Deliveries, at: Ints, name: str) -> Events:
    happens = at > 0
    number = stretch.orders.number[happens]
    properties = attributes.document(
        carrier=attributes.choice(CARRIERS, deliveries.carrier[happens]),
        order_id=attributes.named("order", number, 8),
        shipment_id=attributes.named("shipment", number, 8),
    )
    return told(stretch, name, stretch.orders.person[happens], at[happens], properties)


def _reviews(chances: Chances, stretch: Stretch, deliveries: Deliveries) -> Events:
    """Each line of an order may be reviewed on its own."""
    orders, people = stretch.orders, stretch.people
    row, slot = np.nonzero((orders.product >= 0) & (deliveries.delivered_at > 0)[:, None])
    keys = (people.name[orders.person[row]], orders.ordered_at[row], slot)
    writes = chances.uniform("writes", *keys) < REVIEWS
    days = 1 + chances.exponential("after", REVIEW_AFTER, *keys)
    writes &= days < REVIEW_WITHIN
    row, slot, days = row[writes], slot[writes], days[writes]
    keys = (people.name[orders.person[row]], orders.ordered_at[row], slot)
    at = deliveries.delivered_at[row] + (days * DAY).astype(np.int64)
    person = orders.person[row]
    properties = attributes.document(
        order_id=attributes.named("order", orders.number[row], 8),
        product_id=PRODUCT_IDS.take(pa.array(orders.product[row, slot])),
        rating=documents.digits(_ratings(chances, keys, is_angry(orders, deliveries)[row])),
    )
    return told(stretch, "Product Reviewed", person, at, properties, people.device[person])


def _ratings(chances: Chances, keys: tuple[Ints, ...], angry: Bools) -> Ints:
    usual, lower = chances.pick("rating", RATINGS, *keys), chances.pick("rating", ANGRY_RATINGS, *keys)
    return 1 + np.where(angry, lower, usual)


def is_angry(orders: Orders, deliveries: Deliveries) -> Bools:
    return deliveries.is_delayed | (orders.refunded_at > 0)
