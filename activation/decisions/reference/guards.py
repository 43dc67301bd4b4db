"""Check (9): the volume guard and the approval, over all that the contest chose of one trigger."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from activation.decisions.contest import Result
from activation.decisions.reference.bids import Bid
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.policies import stable_key
from activation.decisions.reference.records import Key


@dataclass(frozen=True, slots=True)
class Guard:
    """Why a chosen one waits, and the plan it belongs to where somebody is asked."""

    reason: str | None = None
    plan_digest: str | None = None


def guards(chosen: Sequence[Bid], results: Mapping[Key, Result], moment: Moment) -> dict[Key, Guard]:
    """Every chosen leg's own guard; what rides in another's message waits with it."""
    by_trigger: dict[str, list[Bid]] = defaultdict(list)
    for bid in chosen:
        by_trigger[bid.policy.id].append(bid)
    own: dict[Key, Guard] = {}
    for bids in by_trigger.values():
        own |= volume(bids) or approval(bids, moment)
    return {bid.key: _with_carrier(own[bid.key], own[results[bid.key].carrier]) for bid in chosen}


def volume(bids: Sequence[Bid]) -> dict[Key, Guard]:
    """Above `max_volume` the whole trigger waits; the guard never trims."""
    limit = bids[0].policy.max_volume
    return {bid.key: Guard("over_volume") for bid in bids} if limit is not None and len(bids) > limit else {}


def approval(bids: Sequence[Bid], moment: Moment) -> dict[Key, Guard]:
    """Above so many people somebody must say yes. Who waited for an answer goes with a yes only."""
    policy = bids[0].policy
    if policy.approval is None:
        return {bid.key: Guard() for bid in bids}
    plans = {bid.key: last_plan(bid.key, moment) for bid in bids}
    answers = _answers(policy.id, moment)
    asked = [bid for bid in bids if answers.get(plans[bid.key] or "") is None]
    newcomers = [bid for bid in asked if plans[bid.key] is None]
    is_asked = len({bid.leg.customer_id for bid in asked}) > policy.approval
    digest = stable_key(policy.id, *sorted(f"{key[0]}{key[1]}" for key in (bid.key for bid in newcomers)))
    found = {}
    for bid in bids:
        plan, answer = plans[bid.key], answers.get(plans[bid.key] or "")
        if plan is None:
            found[bid.key] = Guard("awaiting_approval", digest) if is_asked else Guard()
        elif answer is None:
            found[bid.key] = Guard("awaiting_approval", plan)
        else:
            found[bid.key] = Guard(None if answer == "approve" else "approval_refused", plan)
    return found


def last_plan(key: Key, moment: Moment) -> str | None:
    """The plan under which a leg was last put before somebody."""
    decisions = moment.records.decisions.get(key, ())
    planned = [one for one in decisions if one.plan_digest is not None]
    return max(planned, key=lambda one: (one.decided_at, one.run_id)).plan_digest if planned else None


def _answers(trigger_id: str, moment: Moment) -> dict[str, str]:
    """The newest answer to each plan of a trigger."""
    given = [one for one in moment.facts.approvals if one.trigger_id == trigger_id and one.decided_at <= moment.as_of]
    return {one.plan_digest: one.verdict for one in sorted(given, key=lambda one: one.sequence)}


def _with_carrier(own: Guard, carrier: Guard) -> Guard:
    return own if own.reason is not None else replace(own, reason=carrier.reason)
