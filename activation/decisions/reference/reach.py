"""Check (3), as far as it is about addresses: the contact point that a variant would use, or why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass

from activation.decisions.reference.facts import ContactPoint
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import Leg
from activation.decisions.reference.policies import channels_of
from activation.model import Purpose
from activation.policy import TriggerPolicy


@dataclass(frozen=True, slots=True)
class Reach:
    """The best way to a customer on the channels of one variant."""

    channel: str
    contact_point_id: str | None
    address: str | None
    failed_reason: str | None


def reach(leg: Leg, policy: TriggerPolicy, variant: str, moment: Moment) -> Reach | None:
    """The first usable contact point in the order of channels, primary first; of none, the first unusable one."""
    ways = list(_ways(leg, policy, variant, moment))
    return min(ways, key=lambda one: one[0])[1] if ways else None


def _ways(leg: Leg, policy: TriggerPolicy, variant: str, moment: Moment) -> Iterator[tuple[tuple[object, ...], Reach]]:
    for position, channel in enumerate(channels_of(policy, variant)):
        if leg.leg not in ("", channel):
            continue
        points: list[ContactPoint | None] = [*moment.points.get((leg.customer_id, channel), ())]
        for point in points or [None]:
            reason = forbidden(point, channel, policy, moment) or unusable(point, channel, leg, policy, moment)
            name = point.contact_point_id if point else ""
            is_primary = point is not None and point.is_primary
            found = Reach(channel, name or None, point.address if point else None, reason)
            yield (reason is not None, position, not is_primary, name), found


def forbidden(point: ContactPoint | None, channel: str, policy: TriggerPolicy, moment: Moment) -> str | None:
    """Channels stopped, no contact point, or no permission by the basis of the policy."""
    if moment.is_stopped("paused", f"channel:{channel}"):
        return "channel_paused"
    if moment.is_stopped("blocked", f"channel:{channel}"):
        return "channel_blocked"
    if point is None:
        return "no_contact_point"
    if policy.purpose is not Purpose.MARKETING:
        return None
    consent = moment.consent(point, policy.brand)
    if policy.basis != "consent":
        return "objected" if consent and consent.status == "withdrawn" else None
    if consent is None:
        return "never_granted"
    if consent.status != "granted":
        return "consent_withdrawn"
    return None if consent.is_confirmed else "not_confirmed"


def unusable(point: ContactPoint | None, channel: str, leg: Leg, policy: TriggerPolicy, moment: Moment) -> str | None:
    """Suppressed, no address of its channel, or refused by the destination for this very message."""
    if point is None:
        return None
    suppressions = moment.suppressed(point.address, channel, policy.brand, policy.purpose)
    if any(one.purpose == "all" for one in suppressions):
        return "suppressed_all"
    if suppressions:
        return "suppressed_marketing"
    if not point.is_valid:
        return "invalid_contact_point"
    refused = moment.by_occurrence.get(leg.occurrence.occurrence_id, ())
    is_refused = any(
        one.state == "rejected" and one.channel == channel and one.address == point.address for one in refused
    )
    return "rejected_contact_point" if is_refused else None
