"""What caps count: messages that went out or may have, and sends whose end nobody knows yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from activation.decisions.calendar import local_date
from activation.decisions.contest import PastMessage
from activation.decisions.reference.facts import DeliveryChange
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import sends
from activation.model import Purpose

COUNTED = ("claimed", "accepted", "delivered", "bounced", "unknown")


@dataclass(frozen=True, slots=True)
class Counted:
    """A message, and the instant from which it counts."""

    customer_id: str
    address: str
    channel: str
    brand: str
    purpose: str
    trigger_id: str
    occurrence_id: str
    counted_at: datetime
    is_concurrent: bool


def past_messages(moment: Moment) -> Iterator[PastMessage]:
    """Every message that counts, under the customer who is left, in that customer's calendar days."""
    for one in (*_delivered(moment), *_reserved(moment)):
        customer_id = moment.survivor(one.customer_id)
        place = moment.place(customer_id)
        policy = moment.policies.get(one.trigger_id)
        yield PastMessage(
            customer_id=customer_id,
            contact_point=one.address,
            channel=one.channel,
            brand=one.brand,
            purpose=Purpose(one.purpose),
            cap_group=policy.cap_group if policy else None,
            country_code=place.country_code,
            region=place.region,
            days_ago=_days_between(one.counted_at, moment.as_of, place.day_zone),
            seconds_ago=int((moment.as_of - one.counted_at).total_seconds()),
            occurrence_id=one.occurrence_id,
            trigger_id=one.trigger_id,
            is_concurrent=one.is_concurrent,
        )


def _delivered(moment: Moment) -> Iterator[Counted]:
    """What the ledger shows as claimed or beyond, since it was accepted, else since it was claimed."""
    sent = {one.decision_id: one for one, _ in sends(moment)}
    for delivery in moment.deliveries():
        if delivery.state in COUNTED:
            decision = sent.get(delivery.decision_id)
            yield Counted(
                customer_id=delivery.customer_id,
                address=delivery.address,
                channel=delivery.channel,
                brand=delivery.brand,
                purpose=delivery.purpose,
                trigger_id=delivery.trigger_id,
                occurrence_id=decision.occurrence_id if decision else "",
                counted_at=_counted_at(delivery, moment),
                is_concurrent=decision is not None and decision.decided_at == moment.as_of,
            )


def _counted_at(delivery: DeliveryChange, moment: Moment) -> datetime:
    """When it was accepted for the first time, else claimed for the last time, else as it stands."""
    history = moment.history(delivery.message_key)
    accepted = [one.changed_at for one in history if one.state in ("accepted", "delivered")]
    claimed = [one.changed_at for one in history if one.state in ("claimed", "unknown")]
    return min(accepted) if accepted else max(claimed) if claimed else delivery.changed_at


def _reserved(moment: Moment) -> Iterator[Counted]:
    """A reservation may go out at any moment, so it counts now; of a digest its carrier alone."""
    for send, what in sends(moment):
        if what == "reserved" and send.carrier_decision_id in (None, send.decision_id):
            policy = moment.policies.get(send.trigger_id)
            yield Counted(
                customer_id=send.customer_id,
                address=send.address or "",
                channel=send.channel or "",
                brand=send.brand,
                purpose=str(policy.purpose if policy else Purpose.MARKETING),
                trigger_id=send.trigger_id,
                occurrence_id=send.occurrence_id,
                counted_at=moment.as_of,
                is_concurrent=send.decided_at == moment.as_of,
            )


def _days_between(earlier: datetime, later: datetime, zone: str) -> int:
    """Calendar days of the customer's own, so that midnight counts and not 24 hours."""
    return (local_date(later, zone) - local_date(earlier, zone)).days
