"""Service contacts: people ask about parcels, returns and other things, get an answer, and sometimes ask again.

Nothing interrupts a contact, so its whole life is written in advance when its cause is known.
"""

import numpy as np

from activation.simulator import attributes, documents
from activation.simulator.chances import Chances, at_habit, who_does
from activation.simulator.deliveries import deliver
from activation.simulator.people import DAY, HOUR, MINUTE, Ints
from activation.simulator.remembered import Remembered, Sheet
from activation.simulator.scripts import Events, no_events
from activation.simulator.sectors import Memory, Stretch

TOPICS = ("delivery", "return", "product", "account", "invoice")
DELIVERY, RETURN, PRODUCT, ACCOUNT, INVOICE = range(len(TOPICS))
CHANNELS = ("email", "chat", "phone")
CHANNEL_SHARES = (0.50, 0.35, 0.15)

PATIENCE = (6, 11)  # days after the order until people ask where the parcel is
ASKS_FOR_PARCEL = 0.40  # of those whose parcel has not come by then
ASKS_FOR_REFUND = 0.35  # of those who are refunded, some hours to two days before
ASKS_OTHERWISE = 0.0012  # of the customers, per day
OTHER_SHARES = (0.0, 0.0, 0.5, 0.3, 0.2)

ANSWERED_WITHIN = 14 * 60  # minutes, on average
OPENED_AGAIN, AGAIN_WITHIN = 0.10, 4 * DAY  # of those closed


class Support:
    """The rows of change of `service_contacts`."""

    name = "support"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        chances, people = Chances.of(rng), stretch.people
        causes = (_about_parcels(chances, stretch), _about_refunds(chances, stretch), _about_others(chances, stretch))
        person, opened_at, topic, order = (np.concatenate(columns) for columns in zip(*causes, strict=True))
        opened_at = opened_at // 1000 * 1000
        keys = (people.name[person], opened_at, topic)
        number = Remembered(memory, "contact", {}).numbers(len(person))
        channel = chances.pick("channel", CHANNEL_SHARES, *keys)
        life = _life(chances, opened_at, keys)
        row = life["row"]
        texts = attributes.document(
            channel=attributes.choice(CHANNELS, channel[row]),
            closed_at=attributes.time(life["closed_at"]),
            customer_id=attributes.customer(people.customer[person[row]]),
            opened_at=attributes.time(opened_at[row]),
            order_id=attributes.where(order[row] > 0, attributes.named("order", order[row], 8)),
            status=attributes.choice(("open", "closed"), (life["closed_at"] > 0).astype(np.int64)),
            topic=attributes.choice(TOPICS, topic[row]),
        )
        ids = documents.join("contact-", documents.digits(number[row], 7))
        stretch.changes.add_all("service_contacts", ids, texts, life["at"])
        stretch.counts["service_contacts"] += len(person)
        return no_events()


def _life(chances: Chances, opened_at: Ints, keys: tuple[Ints, ...]) -> Sheet:
    """Opened and answered; for a few opened again and answered once more. `row` is the place of the contact."""
    closed_at = opened_at + _answers_after(chances, "first answer", keys)
    again = np.flatnonzero(chances.uniform("again", *keys) < OPENED_AGAIN)
    waits = HOUR + (chances.uniform("again at", *keys) * AGAIN_WITHIN).astype(np.int64) // 1000 * 1000
    again_at = closed_at + waits
    finally_at = again_at + _answers_after(chances, "second answer", keys)
    everybody, life = np.arange(len(opened_at)), Sheet("at", "row", "closed_at")
    life.add(at=opened_at, row=everybody, closed_at=0)
    life.add(at=closed_at, row=everybody, closed_at=closed_at)
    life.add(at=again_at[again], row=again, closed_at=0)
    life.add(at=finally_at[again], row=again, closed_at=finally_at[again])
    return life


def _answers_after(chances: Chances, what: str, keys: tuple[Ints, ...]) -> Ints:
    return (5 * MINUTE + chances.exponential(what, ANSWERED_WITHIN * MINUTE, *keys)).astype(np.int64) // 1000 * 1000


def _about_parcels(chances: Chances, stretch: Stretch) -> tuple[Ints, Ints, Ints, Ints]:
    """Where the parcel is, from those whose patience is over before it comes."""
    orders, people, deliveries = stretch.orders, stretch.people, deliver(stretch.people, stretch.orders)
    keys = (people.name[orders.person], orders.ordered_at)
    day = orders.ordered_at + chances.between("patience", *PATIENCE, *keys) * DAY
    at = at_habit(chances, "asks for parcel", people, orders.person, day)
    waits = (deliveries.shipped_at > 0) & ((deliveries.delivered_at == 0) | (deliveries.delivered_at > at))
    asks = waits & (chances.uniform("asks", *keys) < ASKS_FOR_PARCEL)
    return orders.person[asks], at[asks], np.full(int(asks.sum()), DELIVERY), orders.number[asks]


def _about_refunds(chances: Chances, stretch: Stretch) -> tuple[Ints, Ints, Ints, Ints]:
    """Something goes back: asked before the money comes, and after the order."""
    orders = stretch.orders
    keys = (stretch.people.name[orders.person], orders.ordered_at)
    before = chances.between("before", 2 * HOUR, 2 * DAY, *keys)
    at = np.maximum(orders.refunded_at - before, orders.ordered_at + HOUR)
    asks = (orders.refunded_at > 0) & (chances.uniform("asks for refund", *keys) < ASKS_FOR_REFUND)
    return orders.person[asks], at[asks], np.full(int(asks.sum()), RETURN), orders.number[asks]


def _about_others(chances: Chances, stretch: Stretch) -> tuple[Ints, Ints, Ints, Ints]:
    person, at = who_does(chances, "asks otherwise", stretch, ASKS_OTHERWISE)
    topic = chances.pick("topic", OTHER_SHARES, stretch.people.name[person])
    return person, at, topic, np.zeros(len(person), dtype=np.int64)
