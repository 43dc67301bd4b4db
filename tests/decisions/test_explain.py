"""What decisions recorded is told of one customer, on every warehouse: each table has the columns that are read."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activation.decisions.explain import OccurrenceStory, explain
from activation.ledger.approvals import Answer, Approval
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse

MORNING = "2026-03-03 09:00"
EVENING = "2026-03-03 21:00"
TABLES = {
    "int_customer_merges": "customer_id text, absorbed_customer_id text",
    "int_customer_places": "customer_id text, day_zone text, timezone text",
    "act_occurrences": "occurrence_id text, occurrence_key text, series_key text, step bigint, trigger_id text, "
    "customer_id text, eligible_at timestamp, expires_at timestamp, cancelled_at timestamp",
    "act_decisions": "decision_id text, occurrence_id text, leg text, trigger_id text, customer_id text, verdict text, "
    "reason text, channel text, variant text, digest text, carrier_decision_id text, assignment_id text, "
    "outranked_by_occurrence_id text, outranked_by_trigger_id text, cap text, plan_digest text, run_id bigint, "
    "is_final boolean, send_not_after timestamp, decided_at timestamp",
    "act_reasons": "reason text, description text",
    "act_assignments": "assignment_id text, experiment_id text, arm text, variant text, assigned_at timestamp",
    "act_deliveries": "message_key text, decision_id text, state text, reason text, changed_at timestamp",
    "act_sends": "decision_id text, outcome text",
    "act_waits": "occurrence_id text, leg text, reason text, waits_until timestamp",
}


class Story:
    """A warehouse in which something is recorded of one customer."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        warehouse.execute("create schema told")
        for table, columns in TABLES.items():
            warehouse.execute(f"create table told.{table} ({columns})")
        self.add("int_customer_places", customer_id="c", day_zone="Europe/Berlin", timezone="Europe/Berlin")

    def add(self, table: str, **values: Any) -> None:
        names = ", ".join(f"${name}" for name in values)
        self.warehouse.execute(f"insert into told.{table} ({', '.join(values)}) values ({names})", values)

    def occurs(self, name: str, trigger_id: str = "cart", **values: Any) -> None:
        base = {"occurrence_key": f"key of {name}", "step": 1, "customer_id": "c", "eligible_at": MORNING}
        base |= {"occurrence_id": name, "trigger_id": trigger_id, "expires_at": "2026-03-06 09:00"}
        self.add("act_occurrences", **base | values)

    def decides(self, decision_id: str, name: str, verdict: str, reason: str, /, **values: Any) -> None:
        base = {"decision_id": decision_id, "occurrence_id": name, "leg": "", "trigger_id": "cart", "customer_id": "c"}
        more = {"verdict": verdict, "reason": reason, "run_id": 7, "is_final": False, "decided_at": MORNING}
        own = {"carrier_decision_id": decision_id} if verdict == "send" else {}
        self.add("act_decisions", **base | more | own | values)

    def told(self, answers: dict[str, Approval] | None = None, customer: str = "c") -> list[OccurrenceStory]:
        return explain(self.warehouse, "told", "cart", customer, answers or {})


@pytest.fixture(params=["duckdb", "postgres"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    url = request.getfixturevalue("new_postgres")() if request.param == "postgres" else ""
    with open_warehouse(
        Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_WAREHOUSE_URL": url})
    ) as one:
        yield Story(one)


def test_who_lost_is_told_to_what_and_under_which_cap(story: Story) -> None:
    """The winner's trigger and occurrence, also where the record does not name the trigger yet."""
    story.occurs("o")
    story.occurs("winner", "welcome")
    for number, trigger_id in enumerate(("welcome", None)):
        story.decides(
            *(f"d{number}", "o", "outranked", "outranked"),
            outranked_by_occurrence_id="winner",
            outranked_by_trigger_id=trigger_id,
            cap="weekly",
            run_id=number,
        )
    (found,) = story.told()
    lost = {(one.outranked_by, one.outranked_by_key, one.outranked_by_occurrence_id, one.cap) for one in found.verdicts}
    assert lost == {("welcome", "key of winner", "winner", "weekly")}


def test_a_reason_is_told_in_its_own_words(story: Story) -> None:
    """One that the list of reasons lacks stands for itself."""
    story.occurs("o")
    story.add("act_reasons", reason="outranked", description="The cap went to others")
    story.decides("d1", "o", "outranked", "outranked")
    story.decides("d2", "o", "paused", "older_reason", run_id=8)
    assert [one.description for one in story.told()[0].verdicts] == ["The cap went to others", "older_reason"]


def test_each_leg_has_verdicts_of_its_own(story: Story) -> None:
    """The newest of each stands; what an older version recorded without a leg belongs to none."""
    story.occurs("o")
    story.decides("d1", "o", "deferred_quiet_hours", "quiet_hours", leg="sms", channel="sms")
    story.decides("d2", "o", "no_consent", "never_granted", leg="email", channel="email")
    story.decides("d3", "o", "paused", "scope_paused", leg="sms", channel="sms", run_id=8, decided_at=EVENING)
    story.occurs("old", eligible_at=EVENING)
    story.decides("d4", "old", "paused", "scope_paused", leg=None)
    both, old = story.told()
    assert [(one.leg, one.reason, one.is_open) for one in both.verdicts] == [
        ("email", "never_granted", True),
        ("sms", "quiet_hours", False),
        ("sms", "scope_paused", True),
    ]
    assert [(one.leg, one.is_open) for one in old.verdicts] == [("", True)]


def test_a_wait_for_a_time_is_told_with_its_end(story: Story) -> None:
    """Of the verdict that stands, for the reason that it stands for; beyond what is looked at there is no end."""
    opens = datetime(2026, 3, 4, 7)
    story.occurs("o")
    story.decides("d1", "o", "deferred_quiet_hours", "quiet_hours")
    story.decides("d2", "o", "deferred_quiet_hours", "frozen", run_id=8)
    story.decides("d3", "o", "deferred_quiet_hours", "quiet_hours", run_id=9)
    story.add("act_waits", occurrence_id="o", leg="", reason="quiet_hours", waits_until=str(opens))
    assert [(one.waits_for_time, one.waits_until) for one in story.told()[0].verdicts] == [
        *[(False, None)] * 2,
        (True, opens),
    ]
    story.warehouse.execute("update told.act_waits set waits_until = null")
    last = story.told()[0].verdicts[-1]
    assert (last.waits_for_time, last.waits_until) == (True, None)
    story.warehouse.execute("update told.act_waits set reason = 'frozen'")
    assert not story.told()[0].verdicts[-1].waits_for_time


def test_a_plan_is_told_with_its_answer(story: Story) -> None:
    """Who said what, when and why; or that nobody has answered."""
    story.occurs("o")
    story.decides("d", "o", "awaiting_approval", "awaiting_approval", plan_digest="abc")
    (waiting,) = story.told()[0].verdicts
    assert waiting.plan is not None
    assert (waiting.plan.plan_digest, waiting.plan.answer) == ("abc", "")
    at = datetime(2026, 3, 3, 10)
    answers = {"abc": Approval("cart", "abc", Answer.REFUSE, "lena", 9, "wrong price", at)}
    (refused,) = story.told(answers)[0].verdicts
    assert refused.plan is not None
    assert (refused.plan.answer, refused.plan.answered_by) == ("refuse", "lena")
    assert (refused.plan.answered_at, refused.plan.note) == (at, "wrong price")


def test_the_arm_is_told_with_its_experiment(story: Story) -> None:
    """Of whom it is held out, and of whom is treated with which variant."""
    story.occurs("o")
    arms = [
        ("a1", "held_out", None, "held_out_trigger", "held_out_trigger"),
        ("a2", "treated", "short", "send", "chosen"),
    ]
    for run_id, (assignment, arm, variant, verdict, reason) in enumerate(arms):
        known = {"experiment_id": "cart-2026", "arm": arm, "variant": variant, "assigned_at": MORNING}
        story.add("act_assignments", assignment_id=assignment, **known)
        story.decides(f"d{run_id}", "o", verdict, reason, assignment_id=assignment, variant=variant, run_id=run_id)
    draws = [one.draw for one in story.told()[0].verdicts]
    assert [(one.experiment_id, one.arm, one.variant) for one in draws if one] == [
        ("cart-2026", "held_out", None),
        ("cart-2026", "treated", "short"),
    ]


def test_what_rides_in_a_digest_shares_its_message(story: Story) -> None:
    """Whose message it is, how many ride in it, and one state for all of them."""
    story.occurs("rider")
    story.occurs("carrier", "welcome", eligible_at=EVENING)
    story.occurs("first", eligible_at=EVENING)
    story.decides("d1", "rider", "send", "chosen", digest="news", carrier_decision_id="d2")
    story.decides("d2", "carrier", "send", "chosen", digest="news", trigger_id="welcome")
    story.decides("d3", "first", "send", "chosen", digest="news")
    story.decides("d4", "other", "send", "chosen", digest="news", carrier_decision_id="d3", trigger_id="welcome")
    story.add("act_deliveries", message_key="m", decision_id="d2", state="bounced", reason="full", changed_at=EVENING)
    story.add("act_sends", decision_id="d3", outcome="lapsed")
    rider, first = (found.verdicts[0] for found in story.told())
    assert rider.message is not None
    assert first.message is not None
    assert (rider.message.carried_by, rider.message.carried_by_key) == ("welcome", "key of carrier")
    assert (rider.state, rider.message.reason, rider.message.message_key) == ("bounced", "full", "m")
    assert (first.message.carried_by, first.message.carries, first.message.outcome) == (None, 1, "lapsed")


def test_days_are_counted_where_the_customer_is(story: Story) -> None:
    """By the zone of whoever is left of two profiles; without a known one, by that of the house; else in UTC."""
    story.occurs("o")
    story.add("int_customer_merges", customer_id="c", absorbed_customer_id="b")
    story.add("int_customer_places", customer_id="b", day_zone="America/Lima", timezone="America/Lima")
    assert [(one.timezone, one.is_timezone_known) for one in story.told(customer="b")] == [("Europe/Berlin", True)]
    story.warehouse.execute("update told.int_customer_places set day_zone = 'Europe/London', timezone = null")
    assert [(one.timezone, one.is_timezone_known) for one in story.told()] == [("Europe/London", False)]
    story.warehouse.execute("delete from told.int_customer_places")
    assert [(one.timezone, one.is_timezone_known) for one in story.told()] == [("UTC", False)]
