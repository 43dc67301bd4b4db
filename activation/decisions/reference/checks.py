"""Checks (1) to (3) in their order: the first that fails gives the reason."""

from datetime import date

from activation.decisions.reference.facts import Customer
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import WITHHELD, Leg
from activation.decisions.reference.policies import BUCKETS, bucket, ramp_percent, routes
from activation.decisions.reference.reach import reach
from activation.model import Purpose
from activation.policy import TriggerPolicy

NOT_SENT = ("planned", "returned", "rejected", "failed")


def failed_reason(leg: Leg, moment: Moment, youngest: date) -> str | None:
    """Why an open leg goes no further, or None."""
    policy = moment.policies.get(leg.occurrence.trigger_id)
    if policy is None or policy.version != leg.occurrence.trigger_version:
        return "trigger_gone"
    customer = moment.customer(leg.customer_id)
    contact = unreachable(leg, policy, moment)
    return (
        past(leg, moment)
        or not_live(leg, policy, moment)
        or stopped(leg, customer, moment)
        or (contact if contact in ("channel_paused", "channel_blocked") else None)
        or outside_ramp(leg, policy, moment)
        or ended(leg, moment)
        or stale(leg, policy, moment)
        or wrong_person(policy, customer, youngest)
        or contact
    )


def past(leg: Leg, moment: Moment) -> str | None:
    """Due before its trigger was launched, or of no use any more, whatever it waited for."""
    one = leg.occurrence
    live_from = moment.records.launches.get((one.trigger_id, one.trigger_version))
    if live_from is not None and one.eligible_at < live_from:
        return "before_live"
    if one.expires_at <= moment.as_of:
        return "expired_withheld" if leg.last and leg.last.verdict in WITHHELD else "expired"
    return None


def not_live(leg: Leg, policy: TriggerPolicy, moment: Moment) -> str | None:
    """Disabled, or never launched."""
    if not policy.enabled:
        return "trigger_disabled"
    is_launched = (leg.occurrence.trigger_id, leg.occurrence.trigger_version) in moment.records.launches
    return None if is_launched else "not_launched"


def stopped(leg: Leg, customer: Customer | None, moment: Moment) -> str | None:
    """A pause or a block on everything, the trigger, the brand or the country; a pause is named first."""
    scopes = ["all", f"trigger:{leg.occurrence.trigger_id}", f"brand:{leg.occurrence.brand}"]
    if customer and customer.home.country:
        scopes.append(f"country:{customer.home.country}")
    for stop, reason in (("paused", "scope_paused"), ("blocked", "scope_blocked")):
        if moment.is_stopped(stop, *scopes):
            return reason
    return None


def ended(leg: Leg, moment: Moment) -> str | None:
    """Its reason went away, or a message of it went out."""
    one = leg.occurrence
    if one.cancelled_at is not None and one.cancelled_at <= moment.as_of:
        return "cancelled"
    deliveries = moment.by_occurrence.get(one.occurrence_id, ())
    went_out = [each for each in deliveries if each.state not in NOT_SENT and leg.leg in ("", each.channel)]
    return "already_sent" if went_out else None


def wrong_person(policy: TriggerPolicy, customer: Customer | None, youngest: date) -> str | None:
    """Deleted, too young for marketing, or in a country that the trigger does not serve."""
    if customer is None:
        return "country_excluded" if policy.countries else None
    if customer.is_deleted:
        return "customer_deleted"
    is_marketing = policy.purpose is Purpose.MARKETING
    if is_marketing and customer.birth_date is not None and customer.birth_date > youngest:
        return "under_age"
    if policy.countries and customer.home.country not in policy.countries:
        return "country_excluded"
    return None


def unreachable(leg: Leg, policy: TriggerPolicy, moment: Moment) -> str | None:
    """Why some route does not reach the customer, the first by name: so the check is the same in all arms."""
    for variant in routes(policy):
        way = reach(leg, policy, variant, moment)
        if way is not None and way.failed_reason is not None:
            return way.failed_reason
    return None


def outside_ramp(leg: Leg, policy: TriggerPolicy, moment: Moment) -> str | None:
    """Units take part by a bucket of their own, which no experiment shares."""
    place = bucket(f"ramp:{policy.id}:{policy.version}", moment.unit_of(leg.customer_id))
    return "ramp" if place >= ramp_percent(policy, moment.as_of) * BUCKETS // 100 else None


def stale(leg: Leg, policy: TriggerPolicy, moment: Moment) -> str | None:
    """What was withheld for longer than the policy allows does not go any more: no burst after a pause."""
    since, limit = leg.withheld_since, policy.stale_rule
    return "stale" if since is not None and limit is not None and since + limit < moment.as_of else None
