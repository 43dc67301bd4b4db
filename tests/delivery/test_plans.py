"""Plans that wait for a human's yes, read from the warehouse and answered in the ledger."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from activation.delivery.plans import answer_plan, waiting_plans
from activation.errors import InputError
from activation.ledger import Ledger, open_ledger
from activation.ledger.approvals import Answer, answers
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse

SCHEMA = "activation"
ROWS = """
    insert into activation.act_decisions values
        ('o1', null, 't', 'c1', 'awaiting_approval', 'aaaa1', 1, timestamp '2026-03-01 08:00:00'),
        ('o2', null, 't', 'c1', 'awaiting_approval', 'aaaa1', 1, timestamp '2026-03-01 08:00:00'),
        ('o3', '', 't', 'c2', 'awaiting_approval', 'aaaa1', 1, timestamp '2026-03-01 08:00:00'),
        ('o4', '', 't', 'c3', 'awaiting_approval', 'aaaa2', 2, timestamp '2026-03-01 09:00:00'),
        ('o5', 'sms', 't', 'c4', 'awaiting_approval', 'aaaa2', 2, timestamp '2026-03-01 09:00:00'),
        ('o5', 'sms', 't', 'c4', 'expired', null, 3, timestamp '2026-03-01 10:00:00'),
        ('o6', '', 'other', 'c5', 'awaiting_approval', 'bbbb1', 2, timestamp '2026-03-01 09:00:00'),
        ('o7', '', 't', 'c6', 'awaiting_approval', null, 2, timestamp '2026-03-01 09:00:00'),
        ('o8', '', 't', 'c7', 'send', 'aaaa1', 2, timestamp '2026-03-01 09:00:00')
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"ACTIVATION_HOME": str(tmp_path / "home")})


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(settings) as opened:
        yield opened


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(settings) as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def decided(warehouse: Warehouse) -> Warehouse:
    """What two builds left waiting."""
    warehouse.execute("create schema activation")
    warehouse.execute(
        "create table activation.act_decisions (occurrence_id text, leg text, trigger_id text, customer_id text, "
        "verdict text, plan_digest text, run_id bigint, decided_at timestamp)"
    )
    warehouse.execute(ROWS)
    return warehouse


def test_a_plan_is_what_still_waits_under_its_digest(decided: Warehouse, ledger: Ledger) -> None:
    """People, messages and since when, the oldest first; what ended, was sent or is another's is none of it."""
    plans = waiting_plans(decided, SCHEMA, ledger, "t")
    assert [(plan.plan_digest, plan.people, plan.messages, plan.since) for plan in plans] == [
        ("aaaa1", 2, 3, datetime(2026, 3, 1, 8)),
        ("aaaa2", 1, 1, datetime(2026, 3, 1, 9)),
    ]
    assert waiting_plans(decided, SCHEMA, ledger, "nobody") == []


def test_before_the_first_build_nothing_waits(warehouse: Warehouse, ledger: Ledger) -> None:
    """No decisions, no plans."""
    assert waiting_plans(warehouse, SCHEMA, ledger, "t") == []


def test_an_answer_is_kept_with_who_gave_it(decided: Warehouse, ledger: Ledger) -> None:
    """A plan is named by its digest in full or, where that is enough, by its beginning."""
    plans = waiting_plans(decided, SCHEMA, ledger, "t")
    answered = answer_plan(ledger, plans, "t", "AAAA1", Answer.APPROVE, "Lena", "checked")
    assert answered.plan_digest == "aaaa1"
    kept = answers(ledger, "t")["aaaa1"]
    assert (kept.verdict, kept.decided_by, kept.note, kept.person_count) == (Answer.APPROVE, "Lena", "checked", 2)
    again = {plan.plan_digest: (plan.answer, plan.answered_by) for plan in waiting_plans(decided, SCHEMA, ledger, "t")}
    assert again == {"aaaa1": ("approve", "Lena"), "aaaa2": ("", "")}


@pytest.mark.parametrize(
    ("digest", "said"), [("cccc", "no waiting plan"), ("aaaa", "more than one"), ("", "no waiting")]
)
def test_an_unknown_plan_is_refused(decided: Warehouse, ledger: Ledger, digest: str, said: str) -> None:
    """With what does wait, and without a record."""
    plans = waiting_plans(decided, SCHEMA, ledger, "t")
    with pytest.raises(InputError, match=rf"{said}.*aaaa1 \(2 people\), aaaa2 \(1 person\)"):
        answer_plan(ledger, plans, "t", digest, Answer.APPROVE, "Lena", "")
    assert answers(ledger, "t") == {}


def test_nothing_to_answer_is_said(ledger: Ledger) -> None:
    """An answer to nothing is none."""
    with pytest.raises(InputError, match="Nothing of `t` waits"):
        answer_plan(ledger, [], "t", "aaaa1", Answer.REFUSE, "Lena", "")
