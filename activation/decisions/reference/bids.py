"""The passed legs as messages that might go: in which variant, where to, when due."""

from dataclasses import dataclass
from datetime import datetime

from activation.decisions.contest import Candidate
from activation.decisions.reference.arms import Draw
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import Leg
from activation.decisions.reference.policies import DEFAULT, delay_of, routes, send_window, template_of, variant_of
from activation.decisions.reference.reach import Reach, reach
from activation.decisions.reference.records import Key
from activation.decisions.timing import TimedDraw
from activation.policy import TriggerPolicy


@dataclass(frozen=True, slots=True)
class Bid:
    """A leg that passed (1) to (4), with what its unit drew."""

    leg: Leg
    policy: TriggerPolicy
    unit_id: str
    draw: Draw
    variant: str
    way: Reach
    template_variant: str

    @property
    def key(self) -> Key:
        """What decisions are kept by."""
        return self.leg.key

    @property
    def due_at(self) -> datetime:
        """A variant may go out later than its occurrence is eligible."""
        return self.leg.occurrence.eligible_at + delay_of(self.policy, self.variant)

    @property
    def template(self) -> str:
        """The variant's template on the channel that it reaches."""
        return template_of(self.policy, self.template_variant, self.way.channel)

    @property
    def sender(self) -> str:
        """The variant's sender, else the trigger's."""
        own = variant_of(self.policy, self.variant)
        return (own.sender if own else None) or self.policy.sender

    @property
    def subject(self) -> str | None:
        """What the variant puts in the subject, if anything."""
        own = variant_of(self.policy, self.variant)
        return own.subject if own else None

    @property
    def offer(self) -> str | None:
        """What the variant offers, if anything."""
        own = variant_of(self.policy, self.variant)
        return own.offer if own else None


def bid(leg: Leg, draw: Draw, moment: Moment) -> Bid:
    """A leg in the variant that was drawn; a variant that its trigger does not have is as if there were none."""
    policy = moment.policies[leg.occurrence.trigger_id]
    own = variant_of(policy, draw.variant)
    ways = routes(policy)
    fallback = DEFAULT if DEFAULT in ways else ways[0]
    route = fallback if own is None else own.name if own.channels else DEFAULT
    way = reach(leg, policy, route, moment)
    if way is None:
        raise AssertionError(f"passed without a way: {leg}")
    names = (own.name, own.name) if own else (DEFAULT, fallback)
    return Bid(leg, policy, moment.unit_of(leg.customer_id), draw, names[0], way, names[1])


def timed(one: Bid, moment: Moment) -> TimedDraw:
    """What check (7) asks of a bid."""
    policy = one.policy
    send_time = policy.send_time
    return TimedDraw(
        trigger_id=policy.id,
        unit_id=one.unit_id,
        brand=policy.brand,
        purpose=str(policy.purpose),
        channel=one.way.channel,
        window=send_window(policy),
        quiet_hours=policy.quiet_hours,
        eligible_at=one.leg.occurrence.eligible_at,
        due_at=one.due_at,
        expires_at=one.leg.occurrence.expires_at,
        send_time_within=send_time.within if send_time else None,
        send_time_control=send_time.control if send_time else 0,
        place=moment.place(one.leg.customer_id),
        scores=moment.facts.hours.get(one.leg.customer_id, {}),
    )


def candidate(one: Bid, moment: Moment) -> Candidate:
    """What check (8) asks of a bid."""
    place = moment.place(one.leg.customer_id)
    return Candidate(
        customer_id=one.leg.customer_id,
        contact_point=one.way.address or "",
        channel=one.way.channel,
        brand=one.policy.brand,
        purpose=one.policy.purpose,
        cap_group=one.policy.cap_group,
        country_code=place.country_code,
        region=place.region,
        occurrence_id=one.leg.occurrence.occurrence_id,
        trigger_id=one.policy.id,
        priority=one.policy.priority,
        eligible_at=one.leg.occurrence.eligible_at,
        leg=one.leg.leg,
        digest=one.policy.digest,
        drops_on_cap=one.policy.on_cap == "drop",
    )
