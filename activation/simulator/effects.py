"""What messages do to people: the truth that reports should find again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation.model import Purpose


@dataclass(frozen=True, slots=True)
class Effect:
    """The true effect of one marketing message.

    `lift` multiplies the chance that a visit ends in an order by (1 + lift), for visits that begin within `window`
    after the message. `unsubscribe` is the chance that the message makes the person withdraw the consent.
    """

    lift: float
    window: timedelta
    unsubscribe: float


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    """One message that reached a customer, as the ledger tells it. `accepted_at` is UTC without a zone."""

    message_key: str
    customer_id: str
    trigger_id: str
    purpose: Purpose
    channel: str
    accepted_at: datetime


EFFECTS: Mapping[str, Effect] = {
    "welcome_series": Effect(0.15, timedelta(days=5), 0.003),
    "cart_abandonment": Effect(0.30, timedelta(days=3), 0.003),
    "win_back": Effect(0.40, timedelta(days=14), 0.010),
}
OTHER_EFFECT = Effect(0.05, timedelta(days=3), 0.004)
"""The effect of a marketing message of any trigger that `EFFECTS` does not name."""
