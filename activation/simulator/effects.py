"""What messages do to people: the truth that reports should find again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation.model import Purpose


@dataclass(frozen=True, slots=True)
class Effect:
    """The true effect of one message.

    `lift` multiplies the chance that a visit ends in an order by (1 + lift), for visits that begin within `window`
    after the message. `unsubscribe` is the chance that the message makes the person withdraw the consent. Both are
    those of a person who is not tired of messages; see `worn` and `annoyed`.
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
    "onboarding_stalled": Effect(0.10, timedelta(days=5), 0.004),
    "browse_abandonment": Effect(0.12, timedelta(days=2), 0.004),
    "repeated_interest": Effect(0.18, timedelta(days=3), 0.003),
    "cart_abandonment": Effect(0.30, timedelta(days=3), 0.003),
    "checkout_abandonment": Effect(0.35, timedelta(days=3), 0.002),
    "cross_sell": Effect(0.10, timedelta(days=7), 0.004),
    "review_request": Effect(0.02, timedelta(days=3), 0.003),
    "replenishment": Effect(0.25, timedelta(days=7), 0.002),
    "win_back": Effect(0.40, timedelta(days=14), 0.010),
    "churn_risk": Effect(0.30, timedelta(days=14), 0.006),
    "inactive_user": Effect(0.20, timedelta(days=10), 0.008),
    "sunset": Effect(0.05, timedelta(days=7), 0.050),
    "birthday": Effect(0.22, timedelta(days=7), 0.001),
    "anniversary": Effect(0.12, timedelta(days=5), 0.002),
    "points_threshold": Effect(0.20, timedelta(days=7), 0.001),
    "vip_threshold": Effect(0.15, timedelta(days=14), 0.001),
    "price_drop": Effect(0.30, timedelta(days=3), 0.004),
    "back_in_stock": Effect(0.50, timedelta(days=3), 0.001),
    "low_stock": Effect(0.25, timedelta(days=2), 0.005),
    "clicked_not_bought": Effect(0.15, timedelta(days=3), 0.005),
    "lead_signal": Effect(0.20, timedelta(days=14), 0.003),
    "personal_season": Effect(0.25, timedelta(days=14), 0.003),
    "calendar_promotion": Effect(0.20, timedelta(days=3), 0.006),
    "geo_interest": Effect(0.15, timedelta(days=2), 0.006),
    "app_milestone": Effect(0.08, timedelta(days=3), 0.003),
    "quote_abandonment": Effect(0.25, timedelta(days=7), 0.002),
    "long_visit": Effect(0.10, timedelta(days=2), 0.004),
    "newsletter_cta_clicked": Effect(0.12, timedelta(days=3), 0.004),
    "offer_expiring": Effect(0.30, timedelta(days=2), 0.003),
    "trial_or_renewal_ending": Effect(0.05, timedelta(days=3), 0.001),
    "payment_failed": Effect(0.0, timedelta(days=3), 0.0),
    "order_confirmation": Effect(0.0, timedelta(days=3), 0.0),
    "order_shipped": Effect(0.0, timedelta(days=3), 0.0),
    "order_delivered": Effect(0.0, timedelta(days=3), 0.0),
    "account_changed": Effect(0.0, timedelta(days=3), 0.0),
    "service_disruption": Effect(0.0, timedelta(days=3), 0.0),
    "appointment_reminder": Effect(0.0, timedelta(days=3), 0.0),
    "points_expiring": Effect(0.15, timedelta(days=7), 0.001),
    "service_contact_followup": Effect(0.0, timedelta(days=3), 0.0),
}
PURPOSE_EFFECTS: Mapping[Purpose, Effect] = {
    Purpose.MARKETING: Effect(0.05, timedelta(days=3), 0.004),
    Purpose.SERVICE: Effect(0.0, timedelta(days=3), 0.0),
    Purpose.TRANSACTIONAL: Effect(0.0, timedelta(days=3), 0.0),
}
"""The effect of a message of any trigger that `EFFECTS` does not name."""
OTHER_EFFECT = PURPOSE_EFFECTS[Purpose.MARKETING]

FATIGUE_SPAN = timedelta(days=7)
WEARING, ANNOYING = 0.15, 0.6


def effect_of(message: DeliveredMessage, effects: Mapping[str, Effect]) -> Effect:
    """The trigger's effect, else the purpose's. A transactional message has none, whatever its trigger."""
    usual = PURPOSE_EFFECTS[message.purpose]
    return usual if message.purpose == Purpose.TRANSACTIONAL else effects.get(message.trigger_id, usual)


def worn(lift: float, fatigue: float) -> float:
    """The lift that is left of a message, for somebody who is that tired.

    Fatigue is the number of marketing messages before this one, each counted as exp(-age / FATIGUE_SPAN).
    """
    return lift / (1 + WEARING * fatigue)


def annoyed(unsubscribe: float, fatigue: float) -> float:
    """The chance to unsubscribe, for somebody who is that tired."""
    return min(1.0, unsubscribe * (1 + ANNOYING * fatigue))


def weariness(fatigue: float) -> float:
    """Fatigue from 0 (fresh) to 1 (worn out)."""
    return 1 - worn(1.0, fatigue)
