"""The plain reference says what the design says, rule by rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from activation.decisions.calendar import Calendar, ZoneRow
from activation.decisions.reference import Decider, Facts, Records
from activation.decisions.reference import facts as known
from activation.decisions.reference.policies import arms, bucket, ramp_percent
from activation.decisions.reference.records import Decision
from activation.policy import TriggerPolicy
from activation.policy.house import HousePolicy

NOON = datetime(2026, 3, 10, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = [ZoneRow("DE", "", "", "Europe/Berlin", 1)]
POINT = known.ContactPoint("p1", "ann", "email", "ann@post.example", is_primary=True)
GRANTED = known.ConsentChange("p1", "email", "default", "granted", is_confirmed=True, changed_at=NOON - DAY)
ANN = known.Customer("ann", "ann", known.Home("Europe/Berlin", "DE"))


def policy(name: str = "news", **said: Any) -> TriggerPolicy:
    """A policy of marketing by e-mail, with whatever a test says of it."""
    base: dict[str, Any] = {
        "id": name,
        "kind": "event",
        "purpose": "marketing",
        "basis": "consent",
        "priority": 10,
        "channels": {"names": ["email"]},
        "templates": {"email": f"{name}/email"},
        "sender": "shop",
        "owner": "somebody",
        "live_from": "-7d",
    }
    return TriggerPolicy.model_validate(base | said)


def house(**said: Any) -> HousePolicy:
    """A house without caps and holdouts, with whatever a test says of it."""
    base: dict[str, Any] = {
        "caps": [],
        "cap_exempt_purposes": ["transactional"],
        "priority_levels": {"high": 10},
        "freezes": [],
        "markets": ["DE"],
        "global_holdout_share": 0.0,
        "global_holdout_salt": "everyone",
        "global_holdout_window_days": 30,
        "minimum_marketing_age_years": 16,
        "max_customers_per_contact_point": 20,
        "contest_rounds": 8,
        "advance_lead_hours": 2,
    }
    return HousePolicy.model_validate(base | said)


def row(key: str = "k1", trigger: str = "news", customer: str = "ann", **said: Any) -> known.TriggerRow:
    """An occurrence that became due an hour ago."""
    base: dict[str, Any] = {"series_key": key, "step": 1, "eligible_at": NOON - HOUR, "expires_at": NOON + 9 * DAY}
    return known.TriggerRow(trigger, customer, key, **(base | said))


def facts(*rows: known.TriggerRow, **said: Any) -> Facts:
    """One customer with one address and her consent, and whatever a test says besides."""
    base: dict[str, Any] = {"customers": [ANN], "contact_points": [POINT], "consents": [GRANTED]}
    return Facts(triggered=rows or (row(),), **(base | said))


def decider(*policies: TriggerPolicy, **said: Any) -> Decider:
    """The reference under these policies."""
    return Decider(policies or (policy(),), house(**said), Calendar([], ZONES, [], [], ["DE"]))


def reasons(records: Records) -> dict[str, list[str]]:
    """The reasons given for each leg, by occurrence key and leg."""
    return {
        records.occurrences[key[0]].occurrence_key + (f"/{key[1]}" if key[1] else ""): [one.reason for one in history]
        for key, history in records.decisions.items()
        if history
    }


def decided(found: Facts, *policies: TriggerPolicy, **said: Any) -> dict[str, list[str]]:
    """The reasons that one run gives."""
    records = Records()
    decider(*policies, **said).run(NOON, found, records)
    return reasons(records)


def answer(decision: Decision, state: str) -> known.DeliveryChange:
    """What the ledger shows of a send an hour later."""
    return known.DeliveryChange(
        sequence=1,
        message_key="m",
        decision_id=decision.decision_id,
        trigger_id=decision.trigger_id,
        occurrence_ids=(decision.occurrence_id,),
        customer_id="ann",
        unit_id="ann",
        brand="default",
        purpose="marketing",
        channel="email",
        address=POINT.address,
        state=state,
        changed_at=NOON + HOUR,
    )


def test_a_row_is_written_only_when_verdict_or_reason_changes() -> None:
    """Two runs without news leave one row; what expires meanwhile gets a second."""
    records, found = Records(), facts(row(expires_at=NOON + HOUR), consents=())
    for minutes in (0, 10, 90, 120):
        decider().run(NOON + timedelta(minutes=minutes), found, records)
    assert reasons(records) == {"k1": ["never_granted", "expired"]}


FIRST_REASONS: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
    ("chosen", {}, {}),
    ("before_live", {"live_from": "6h"}, {}),
    ("trigger_disabled", {"enabled": False}, {}),
    ("scope_paused", {}, {"pauses": [known.PauseChange(1, "trigger:news", False, NOON - HOUR)]}),
    ("chosen", {}, {"pauses": [known.PauseChange(n, "all", n == 2, NOON - HOUR) for n in (1, 2)]}),
    ("scope_blocked", {}, {"blocks": [known.Block("country:DE", NOON - HOUR, None)]}),
    ("channel_paused", {}, {"pauses": [known.PauseChange(1, "channel:email", False, NOON - HOUR)]}),
    ("ramp", {"ramp": [{"percent": 50, "from": "2026-04-01"}]}, {}),
    ("customer_deleted", {}, {"customers": [replace(ANN, is_deleted=True)]}),
    ("under_age", {}, {"customers": [replace(ANN, birth_date=date(2010, 3, 11))]}),
    ("chosen", {}, {"customers": [replace(ANN, birth_date=date(2010, 3, 10))]}),
    ("country_excluded", {"countries": ["FR"]}, {}),
    ("never_granted", {}, {"consents": ()}),
    ("consent_withdrawn", {}, {"consents": [GRANTED, replace(GRANTED, status="withdrawn", changed_at=NOON)]}),
    ("not_confirmed", {}, {"consents": [replace(GRANTED, is_confirmed=False)]}),
    ("chosen", {"basis": "legitimate_interest"}, {"consents": ()}),
    ("objected", {"basis": "legitimate_interest"}, {"consents": [replace(GRANTED, status="withdrawn")]}),
    (
        "suppressed_all",
        {},
        {"suppressions": [known.SuppressionChange(1, POINT.address, "all", None, None, False, NOON)]},
    ),
    ("no_contact_point", {}, {"contact_points": ()}),
    ("invalid_contact_point", {}, {"contact_points": [replace(POINT, is_valid=False)]}),
]


@pytest.mark.parametrize(("reason", "said", "found"), FIRST_REASONS)
def test_the_first_check_that_fails_gives_the_reason(
    reason: str, said: Mapping[str, Any], found: Mapping[str, Any]
) -> None:
    """Checks (1) to (3), one fact at a time."""
    assert decided(facts(**found), policy(**said)) == {"k1": [reason]}


def test_what_ended_is_over_before_consent_is_asked() -> None:
    """An occurrence without consent that was cancelled is cancelled."""
    assert decided(facts(row(cancelled_at=NOON), consents=())) == {"k1": ["cancelled"]}


def test_a_step_waits_for_the_one_before_it_and_the_gap() -> None:
    """The second step goes in a later run, when the first entered a gap ago, in whichever arm."""
    rows = [row("a", series_key="s", step=1), row("b", series_key="s", step=2)]
    records, reference = Records(), decider(policy(min_gap="2h"))
    for hours in (0, 1, 2):
        reference.run(NOON + hours * HOUR, facts(*rows), records)
    assert reasons(records) == {"a": ["chosen"], "b": ["waits_for_step", "chosen"]}


def test_of_two_series_the_first_starts_and_another_ends_within_reentry() -> None:
    """The earliest of several series enters; the others, and one that follows too soon, are over."""
    rows = [row("late", eligible_at=NOON - HOUR / 2), row("early")]
    records, reference = Records(), decider(policy(reentry="1d"))
    reference.run(NOON, facts(*rows), records)
    reference.run(NOON + HOUR, facts(*rows, row("soon")), records)
    reference.run(NOON + 2 * DAY, facts(*rows, row("soon"), row("next")), records)
    assert reasons(records) == {"late": ["reentry"], "early": ["chosen"], "soon": ["reentry"], "next": ["chosen"]}


def test_the_held_out_come_first_and_the_treated_share_the_rest() -> None:
    """Ten percent held out, then three to one."""
    variants = [{"name": "one", "weight": 75}, {"name": "two", "weight": 25}]
    ranges = arms(policy(experiment={"salt": "salt", "holdout": 0.1, "variants": variants}))
    assert [(one.variant, one.bucket_from, one.bucket_to) for one in ranges] == [
        (None, 0, 1000),
        ("one", 1000, 7750),
        ("two", 7750, 10000),
    ]


def held_out_salt(share: float) -> str:
    """A salt by which ann is among the held out."""
    return next(salt for salt in (f"salt{number}" for number in range(999)) if bucket(salt, "ann") < share * 10_000)


def test_an_assignment_is_written_once_and_read_ever_after() -> None:
    """Weights that change later move nobody; service is never held out."""
    salt = held_out_salt(0.2)
    before = policy(experiment={"salt": salt, "holdout": 0.2})
    after = policy(experiment={"salt": salt, "holdout": 0.0})
    service = policy("notice", purpose="service", basis="contract")
    records = Records()
    decider(before, service).run(NOON, facts(row(), row("n", "notice")), records)
    decider(after, service).run(NOON + HOUR, facts(row(), row("n", "notice"), row("k2")), records)
    assert reasons(records) == {"k1": ["held_out_trigger"], "n": ["chosen"], "k2": ["held_out_trigger"]}
    assert len(records.assignments) == 1


def test_a_series_keeps_the_quarter_in_which_it_began() -> None:
    """Every quarter draws anew whom no marketing reaches, and the steps of a series follow their first one."""
    new_year, late = datetime(2026, 4, 1, 10), datetime(2026, 3, 31, 10)
    quarters = {"2026q1": late, "2026q2": new_year}
    salt = next(
        salt
        for salt in (f"house{number}" for number in range(9999))
        if [bucket(f"{salt}:global:{quarter}", "ann") < 2000 for quarter in quarters] == [True, False]
    )
    rows = [row(f"s{step}", series_key="s", step=step, eligible_at=late, expires_at=late + 9 * DAY) for step in (1, 2)]
    fresh = row("fresh", eligible_at=new_year, expires_at=new_year + DAY)
    records = Records()
    reference = decider(policy(live_from="-1d"), global_holdout_share=0.2, global_holdout_salt=salt)
    reference.run(late, facts(*rows), records)
    reference.run(new_year, facts(*rows, fresh), records)
    assert reasons(records) == {
        "s1": ["held_out_global"],
        "s2": ["waits_for_step", "held_out_global"],
        "fresh": ["chosen"],
    }


def test_a_cap_goes_to_the_best_and_the_other_is_told_by_whom() -> None:
    """Priority 1 is first; the loser names winner, trigger and cap, and goes when the day is over."""
    cap = {"cap_id": "daily", "days": 1, "max_messages": 1}
    records, found = Records(), facts(row("a", "other"), row("b", "best"))
    reference = decider(policy("best", priority=1), policy("other"), caps=[cap])
    reference.run(NOON, found, records)
    lost, won = sorted((history[0] for history in records.decisions.values()), key=lambda one: one.verdict)
    assert (lost.reason, lost.cap, lost.outranked_by_trigger_id) == ("outranked", "daily", "best")
    assert lost.outranked_by_occurrence_id == won.occurrence_id
    accepted = replace(found, deliveries=[answer(won, "accepted")])
    for at in (NOON + 2 * HOUR, datetime(2026, 3, 10, 23)):
        reference.run(at, accepted, records)
    assert reasons(records) == {"a": ["outranked", "cap_reached", "chosen"], "b": ["chosen"]}


def test_too_many_wait_all_together_and_people_beyond_a_number_need_a_yes() -> None:
    """The volume guard never trims; who waited for an answer goes with a yes only."""
    rows = [row("a"), row("b")]
    assert decided(facts(*rows), policy(max_volume=1)) == {"a": ["over_volume"], "b": ["over_volume"]}
    records, reference = Records(), decider(policy(approval=0))
    reference.run(NOON, facts(*rows), records)
    assert reasons(records) == {"a": ["awaiting_approval"], "b": ["awaiting_approval"]}
    ((plan,),) = {(history[0].plan_digest,) for history in records.decisions.values()}
    yes = known.Approval(1, "news", str(plan), "approve", NOON + HOUR)
    reference.run(NOON + HOUR, facts(*rows, row("c"), approvals=[yes]), records)
    assert [reasons(records)[name][-1] for name in "abc"] == ["chosen", "chosen", "awaiting_approval"]


def test_each_of_several_channels_is_decided_by_itself() -> None:
    """With `mode: all` the leg that reaches nobody keeps no other back."""
    both = {"names": ["email", "sms"], "mode": "all"}
    found = decided(facts(), policy(channels=both, templates={"email": "e", "sms": "s"}))
    assert found == {"k1/email": ["chosen"], "k1/sms": ["no_contact_point"]}


def test_a_send_that_came_to_nothing_is_decided_again() -> None:
    """A run that was never announced handed nothing over; a refused address is not tried twice."""
    records, reference = Records(), decider()
    reference.run(NOON, facts(), records, 1)
    reference.run(NOON, facts(), records, 2)
    assert reasons(records) == {"k1": ["chosen", "chosen"]}
    (history,) = records.decisions.values()
    refused = answer(history[-1], "rejected")
    runs = [known.Run(2, NOON, is_announced=True)]
    reference.run(NOON + HOUR, facts(runs=runs, deliveries=[refused]), records, 3)
    assert reasons(records)["k1"][-1] == "rejected_contact_point"


def test_what_was_withheld_too_long_does_not_burst_out() -> None:
    """After a pause of two days what waited since is stale, and its assignments are void in both arms."""
    pauses = [known.PauseChange(1, "trigger:news", False, NOON + HOUR)]
    treated = next(salt for salt in (f"salt{number}" for number in range(99)) if bucket(salt, "ann") >= 2000)
    records = Records()
    reference = decider(policy(max_volume=1, experiment={"salt": treated, "holdout": 0.2}))
    reference.run(NOON, facts(row("a"), row("b")), records)
    reference.run(NOON + 2 * HOUR, facts(row("a"), row("b"), pauses=pauses), records)
    resumed = [*pauses, known.PauseChange(2, "trigger:news", True, NOON + 2 * DAY)]
    reference.run(NOON + 2 * DAY, facts(row("a"), row("b"), pauses=resumed), records)
    assert reasons(records) == {name: ["over_volume", "scope_paused", "stale"] for name in "ab"}
    assert not records.voids
    reference.run(NOON + 3 * DAY, facts(row("a"), row("b"), pauses=resumed), records)
    assert list(records.voids.values()) == ["withheld"]


def test_what_only_a_merge_makes_true_in_the_past_is_no_reason() -> None:
    """An occurrence from before a merge was known, at which a run had already looked, does not enter."""
    records, reference = Records(), decider()
    reference.run(NOON, facts(), records)
    merge = known.Merge("bob", "ann", NOON + HOUR)
    reference.run(NOON + HOUR, facts(row(), row("bobs"), merges=[merge]), records)
    assert list(reasons(records)) == ["k1"]


def test_before_the_first_step_of_a_ramp_nobody_takes_part() -> None:
    """A ramp is a share from an instant on; a number alone has always held."""
    steps = policy(ramp=[{"percent": 10, "from": "2026-03-01"}, {"percent": 60, "from": "2026-03-10 12:00"}])
    shares = [ramp_percent(steps, at) for at in (NOON - 20 * DAY, NOON - HOUR, NOON)]
    assert shares == [0, 10, 60]
    assert ramp_percent(policy(ramp=30), NOON) == 30
