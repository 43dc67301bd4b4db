"""Plans: what a run chose for more people than its policy lets go without a human's yes, and the answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activation.errors import InputError
from activation.ledger.approvals import Answer, Approval, answer, answers
from activation.ledger.store import Ledger
from activation.warehouses import Warehouse

DIGEST_SHOWN = 12
WAITING = "awaiting_approval"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan whose occurrences wait. `answer` is the newest one; what was approved goes with the next build."""

    trigger_id: str
    plan_digest: str
    people: int
    messages: int
    since: datetime
    answer: str = ""
    answered_by: str = ""

    @property
    def told_people(self) -> str:
        return f"{self.people} {'person' if self.people == 1 else 'people'}"


def waiting_plans(warehouse: Warehouse, schema: str, ledger: Ledger, trigger_id: str) -> list[Plan]:
    """The plans of a trigger whose occurrences wait as of the newest build, the oldest first."""
    if not warehouse.has_table(schema, "act_decisions"):
        return []
    query = f"""
        select plan_digest, count(distinct customer_id) as people, count(*) as messages, min(decided_at) as since
        from (
            select *, row_number() over (
                partition by occurrence_id, coalesce(leg, '') order by decided_at desc, run_id desc
            ) as recency
            from "{schema}".act_decisions
            where trigger_id = $trigger_id
        ) as decisions
        where recency = 1 and verdict = '{WAITING}' and plan_digest is not null
        group by plan_digest
        order by since, plan_digest
    """  # noqa: S608 - our own schema
    answered = answers(ledger, trigger_id)
    return [_plan(trigger_id, row, answered) for row in warehouse.rows(query, {"trigger_id": trigger_id})]


def answer_plan(
    ledger: Ledger, waiting: Sequence[Plan], name: str, digest: str, verdict: Answer, by: str, note: str
) -> Plan:
    """Record a human's answer to one waiting plan, named by its digest or the beginning of it; returns the plan.

    Raises InputError when nothing waits, or nothing by that name.
    """
    plan = _named(waiting, name, digest)
    answer(ledger, Approval(name, plan.plan_digest, verdict, by, plan.people, note))
    return plan


def _named(waiting: Sequence[Plan], name: str, digest: str) -> Plan:
    if not waiting:
        raise InputError(
            f"Nothing of `{name}` waits for an answer.", "Only what the newest build left waiting can be answered."
        )
    found = [plan for plan in waiting if digest and plan.plan_digest.startswith(digest.lower())]
    if len(found) != 1:
        listed = ", ".join(f"{plan.plan_digest[:DIGEST_SHOWN]} ({plan.told_people})" for plan in waiting)
        many = "more than one waiting plan" if found else "no waiting plan"
        raise InputError(f"`{name}` has {many} {digest!r}.", f"Waiting: {listed}.")
    return found[0]


def _plan(trigger_id: str, row: Mapping[str, Any], answered: Mapping[str, Approval]) -> Plan:
    found = answered.get(row["plan_digest"])
    return Plan(
        trigger_id=trigger_id,
        plan_digest=row["plan_digest"],
        people=int(row["people"]),
        messages=int(row["messages"]),
        since=row["since"],
        answer=found.verdict.value if found else "",
        answered_by=found.decided_by if found else "",
    )
