"""Answers to plans: whether what waits for a human's yes may go. Appended; the newest answer to a plan counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select

from activation.ledger import tables
from activation.ledger.store import Ledger


class Answer(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who answered what to which plan, and how many people they were shown."""

    trigger_id: str
    plan_digest: str
    verdict: Answer
    decided_by: str
    person_count: int
    note: str = ""
    decided_at: datetime | None = None


def answer(ledger: Ledger, approval: Approval) -> bool:
    """Record an answer from now on; returns whether it is another than the one before."""
    now = ledger.clock.now()
    with ledger.write() as writing:
        plans = tables.approvals.c
        newest = (
            select(plans.verdict)
            .where(plans.trigger_id == approval.trigger_id, plans.plan_digest == approval.plan_digest)
            .order_by(plans.sequence.desc())
            .limit(1)
        )
        if writing.execute(newest).scalar_one_or_none() == approval.verdict.value:
            return False
        values = {
            "trigger_id": approval.trigger_id,
            "plan_digest": approval.plan_digest,
            "verdict": approval.verdict.value,
            "decided_by": approval.decided_by,
            "note": approval.note,
            "person_count": approval.person_count,
            "decided_at": now,
        }
        writing.execute(insert(tables.approvals).values(sequence=writing.reserve(), **values))
    return True


def answers(ledger: Ledger, trigger_id: str) -> dict[str, Approval]:
    """The newest answer to each plan of a trigger, by digest."""
    rows = select(tables.approvals).where(tables.approvals.c.trigger_id == trigger_id)
    with ledger.read() as connection:
        return {
            row.plan_digest: Approval(
                trigger_id=row.trigger_id,
                plan_digest=row.plan_digest,
                verdict=Answer(row.verdict),
                decided_by=row.decided_by,
                person_count=row.person_count,
                note=row.note,
                decided_at=row.decided_at,
            )
            for row in connection.execute(rows.order_by(tables.approvals.c.sequence))
        }
