"""Service contacts: people ask about parcels, returns and other things, get an answer, and sometimes ask again.

Nothing interrupts a contact, so its whole life is written in advance when its cause is known.
"""

import numpy as np

from activation.simulator import attributes, documents
from activation.simulator.catalogue import to_json
from activation.simulator.chances import Chances, at_habit, who_does
from activation.simulator.deliveries import deliver
from activation.simulator.people import DAY, HOUR, MINUTE, Bools, Ints
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
        chances = Chances.of(rng)
        for person, at, topic, order in (
            _about_parcels(chances, stretch),
            _about_refunds(chances, stretch),
            _about_others(chances, stretch),
        ):
            self._contact(chances, stretch, memory, (person, at // 1000 * 1000, topic, order))
        return no_events()

    def _contact(
        self, chances: Chances, stretch: Stretch, memory: Memory, contacts: tuple[Ints, Ints, Ints, Ints]
    ) -> None:
        """Opened, answered; for a few opened again and answered once more."""
        person, opened_at, topic, order = contacts
        free = int(memory.get("free", np.array(1)))
        number = free + np.arange(len(person), dtype=np.int64)
        memory["free"] = np.array(free + len(person), dtype=np.int64)
        keys = (stretch.people.name[person], opened_at, topic)
        channel = chances.pick("channel", CHANNEL_SHARES, *keys)
        stretch.counts["service_contacts"] += len(person)

        def write(rows: Bools, at: Ints, status: str, closed_at: Ints) -> None:
            texts = attributes.document(
                channel=attributes.choice(CHANNELS, channel[rows]),
                closed_at=attributes.time(closed_at[rows]),
                customer_id=attributes.customer(stretch.people.customer[person[rows]]),
                opened_at=attributes.time(opened_at[rows]),
                order_id=attributes.where(order[rows] > 0, attributes.named("order", order[rows], 8)),
                status=to_json(status),
                topic=attributes.choice(TOPICS, topic[rows]),
            )
            ids = documents.join("contact-", documents.digits(number[rows], 7))
            stretch.changes.add_all("service_contacts", ids, texts, at[rows])

        everybody, never = np.ones(len(person), dtype=np.bool_), np.zeros(len(person), dtype=np.int64)
        closed_at = opened_at + _answers_after(chances, "first answer", keys)
        again = chances.uniform("again", *keys) < OPENED_AGAIN
        again_at = closed_at + HOUR + (chances.uniform("again at", *keys) * AGAIN_WITHIN).astype(np.int64)
        finally_at = again_at + _answers_after(chances, "second answer", keys)
        write(everybody, opened_at, "open", never)
        write(everybody, closed_at, "closed", closed_at)
        write(again, again_at, "open", never)
        write(again, finally_at, "closed", finally_at)


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
