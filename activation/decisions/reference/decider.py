"""One run over one unit or over everybody: the checks (1) to (9) in their order, and what is recorded of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from activation.decisions.calendar import Calendar
from activation.decisions.contest import Contest, Result
from activation.decisions.reference.admission import admit, launch
from activation.decisions.reference.arms import Arms, void
from activation.decisions.reference.bids import Bid, bid, candidate, timed
from activation.decisions.reference.checks import failed_reason
from activation.decisions.reference.facts import Facts
from activation.decisions.reference.guards import Guard, guards
from activation.decisions.reference.house import caps, youngest_birth_date
from activation.decisions.reference.moment import Moment
from activation.decisions.reference.opening import Leg, open_legs
from activation.decisions.reference.past import past_messages
from activation.decisions.reference.policies import stable_key
from activation.decisions.reference.reasons import REASONS
from activation.decisions.reference.records import Decision, Entry, Key, Records
from activation.decisions.reference.series import series_reasons
from activation.decisions.timing import Timing, judge
from activation.policy import TriggerPolicy
from activation.policy.house import HousePolicy


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reason for one open leg, with whatever the checks found out on the way to it."""

    leg: Leg
    unit_id: str
    reason: str
    bid: Bid | None = None
    result: Result | None = None
    timing: Timing | None = None
    guard: Guard | None = None


class Decider:
    """The policies of all triggers, the house policy and the calendar, applied to any history."""

    def __init__(
        self, policies: Sequence[TriggerPolicy], house: HousePolicy, calendar: Calendar, environment: str = "dev"
    ) -> None:
        self._policies = {one.id: one for one in policies}
        self._house, self._calendar, self._environment = house, calendar, environment

    def run(self, as_of: datetime, facts: Facts, records: Records, run_id: int = 0) -> list[Verdict]:
        """Decide on every open leg and record what changed.

        `facts` may be those of one unit or of everybody: the volume guard and the approval count what they are given.
        """
        moment = Moment(as_of, run_id, facts, records, self._policies, self._calendar)
        launch(moment)
        admit(moment, self._environment, timedelta(hours=self._house.advance_lead_hours))
        legs = list(open_legs(moment))
        reasons = self._checked(legs, moment)
        passed = [leg for leg in legs if leg.key not in reasons]
        self._enter(passed, moment)
        void(moment)
        arms = Arms(moment, self._house)
        arms.assign(passed)
        bids = [bid(leg, arms.draw(leg), moment) for leg in passed]
        failed = [leg for leg in legs if leg.key in reasons]
        verdicts = [Verdict(leg, moment.unit_of(leg.customer_id), reasons[leg.key]) for leg in failed]
        verdicts += self._contested(bids, moment)
        self._record(verdicts, moment)
        return verdicts

    def _checked(self, legs: Sequence[Leg], moment: Moment) -> dict[Key, str]:
        """Checks (1) to (4): the reason of every leg that fails one."""
        youngest = youngest_birth_date(self._house, moment.as_of)
        reasons = {leg.key: failed_reason(leg, moment, youngest) for leg in legs}
        waiting = series_reasons([leg for leg in legs if reasons[leg.key] is None], moment)
        found = {leg.key: reasons[leg.key] or waiting.get(leg.occurrence.occurrence_id) for leg in legs}
        return {key: reason for key, reason in found.items() if reason}

    def _enter(self, passed: Sequence[Leg], moment: Moment) -> None:
        """An occurrence enters in the first run in which it passes (1) to (4), whatever becomes of it then."""
        for leg in passed:
            one = leg.occurrence
            entry = Entry(
                occurrence_id=one.occurrence_id,
                trigger_id=one.trigger_id,
                customer_id=leg.customer_id,
                unit_id=moment.unit_of(leg.customer_id),
                series_key=one.series_key,
                step=one.step,
                entered_at=moment.as_of,
            )
            moment.records.entries.setdefault(one.occurrence_id, entry)

    def _contested(self, bids: Sequence[Bid], moment: Moment) -> list[Verdict]:
        """Checks (5) to (9). The held out and those whose hour has not come take no part in the contest."""
        treated = [one for one in bids if one.draw.held_out_reason is None]
        timings = {one.key: judge(self._calendar, timed(one, moment), moment.as_of) for one in treated}
        ready = [one for one in treated if timings[one.key].reason is None]
        contest = Contest(caps(self._house), past_messages(moment), self._house.cap_exempt_purposes)
        results = contest.run(candidate(one, moment) for one in ready)
        chosen = [one for one in ready if results[one.key].reason == "chosen"]
        guarded = guards(chosen, results, moment)
        verdicts = []
        for one in bids:
            timing, result = timings.get(one.key), results.get(one.key)
            guard = guarded.get(one.key)
            said = [one.draw.held_out_reason, *(each.reason for each in (timing, guard, result) if each)]
            reason = next(each for each in said if each is not None)
            verdicts.append(Verdict(one.leg, one.unit_id, reason, one, result, timing, guard))
        return verdicts

    def _record(self, verdicts: Sequence[Verdict], moment: Moment) -> None:
        """A row is appended only where verdict or reason changed, or what closed the leg came to nothing."""
        ends = _ends(verdicts, moment)
        for one in verdicts:
            last = one.leg.last
            if last is None or one.leg.is_reopened or last.reason != one.reason:
                moment.records.decisions[one.leg.key].append(_decision(one, ends, moment))


def decision_id(key: Key, moment: Moment) -> str:
    """A leg is decided on once per run; builds by hand have no number, so there the instant tells them apart."""
    occurrence_id, leg = key
    by_hand = [] if moment.run_id else [str(moment.as_of)]
    return stable_key(occurrence_id, leg, str(moment.run_id), *by_hand)


def _ends(verdicts: Sequence[Verdict], moment: Moment) -> dict[Key, datetime]:
    """A decision to send is right until expiry, the end of the permitted hours or its time to live.

    A message of several ends with the first of them. By the carrier's key.
    """
    ends: dict[Key, datetime] = {}
    for one in verdicts:
        if one.reason == "chosen" and one.bid and one.result:
            limits = [one.leg.occurrence.expires_at, moment.as_of + one.bid.policy.time_to_live]
            if one.timing and one.timing.closes_at:
                limits.append(one.timing.closes_at)
            ends[one.result.carrier] = min(*limits, ends.get(one.result.carrier, limits[0]))
    return ends


def _decision(one: Verdict, ends: Mapping[Key, datetime], moment: Moment) -> Decision:
    verdict, is_final = REASONS[one.reason]
    decision = Decision(
        decision_id=decision_id(one.leg.key, moment),
        occurrence_id=one.leg.occurrence.occurrence_id,
        leg=one.leg.leg,
        trigger_id=one.leg.occurrence.trigger_id,
        customer_id=one.leg.customer_id,
        unit_id=one.unit_id,
        verdict=verdict,
        reason=one.reason,
        is_final=is_final,
        run_id=moment.run_id,
        decided_at=moment.as_of,
        brand=one.leg.occurrence.brand,
        channel=one.bid.way.channel if one.bid else one.leg.leg or None,
        plan_digest=one.guard.plan_digest if one.guard else None,
    )
    if one.bid:
        decision = _addressed(decision, one.bid)
    if one.result:
        decision = _lost(decision, one.result)
    return _sent(decision, one.bid, one.result, ends, moment) if one.reason == "chosen" else decision


def _addressed(decision: Decision, bid: Bid) -> Decision:
    return replace(
        decision,
        contact_point_id=bid.way.contact_point_id,
        address=bid.way.address,
        assignment_id=bid.draw.assignment_id,
    )


def _lost(decision: Decision, result: Result) -> Decision:
    return replace(
        decision,
        cap=result.cap,
        outranked_by_occurrence_id=result.outranked_by_occurrence_id,
        outranked_by_trigger_id=result.outranked_by_trigger_id,
    )


def _sent(
    decision: Decision, bid: Bid | None, result: Result | None, ends: Mapping[Key, datetime], moment: Moment
) -> Decision:
    """What is to be sent, how, and in whose message."""
    if bid is None or result is None:
        raise AssertionError(f"chosen without a contest: {decision}")
    return replace(
        decision,
        template=bid.template,
        variant=bid.variant,
        sender=bid.sender,
        subject=bid.subject,
        offer=bid.offer,
        digest=bid.policy.digest,
        carrier_decision_id=decision_id(result.carrier, moment),
        send_not_before=moment.as_of,
        send_not_after=ends[result.carrier],
    )
