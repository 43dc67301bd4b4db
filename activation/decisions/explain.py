"""One customer's story with one trigger: every occurrence, every verdict on it with its reason, and what was sent."""

# ruff: noqa: S608 - the schema is a name of ours, values are bound

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activation.warehouses import Warehouse

NOTHING = "The trigger lists no occurrence of this customer: its condition never became true."

# Whoever of several profiles is asked about: what happened under any of them happened to that person.
PROFILES = """(
    select $customer_id
    union
    select customer_id from "{schema}".int_customer_merges where absorbed_customer_id = $customer_id
    union
    select others.absorbed_customer_id
    from "{schema}".int_customer_merges as others
    left join "{schema}".int_customer_merges as own
        on others.customer_id = own.customer_id and own.absorbed_customer_id = $customer_id
    where others.customer_id = $customer_id or own.customer_id is not null
)"""

OCCURRENCES = f"""
select occurrence_id, occurrence_key, step, eligible_at, expires_at, cancelled_at
from "{{schema}}".act_occurrences
where trigger_id = $trigger_id and customer_id in {PROFILES}
order by eligible_at, occurrence_id
"""

DECISIONS = f"""
select
    decisions.occurrence_id, decisions.decided_at, decisions.run_id, decisions.verdict, decisions.reason,
    decisions.channel, decisions.outranked_by_occurrence_id, winners.trigger_id as outranked_by, decisions.cap,
    reasons.description, deliveries.state
from "{{schema}}".act_decisions as decisions
left join "{{schema}}".act_reasons as reasons on reasons.reason = decisions.reason
left join "{{schema}}".act_occurrences as winners on winners.occurrence_id = decisions.outranked_by_occurrence_id
left join "{{schema}}".act_deliveries as deliveries on deliveries.decision_id = decisions.decision_id
where decisions.trigger_id = $trigger_id and decisions.customer_id in {PROFILES}
order by decisions.decided_at, decisions.run_id
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict, in the words of `act_reasons`; `state` is what became of its message, if there was one."""

    decided_at: datetime
    run_id: int
    verdict: str
    reason: str
    description: str
    outranked_by: str | None
    cap: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class OccurrenceStory:
    """One occurrence and its verdicts, oldest first; each stands until the next."""

    occurrence_key: str
    step: int
    eligible_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None
    verdicts: tuple[Verdict, ...]


def explain(warehouse: Warehouse, schema: str, trigger_id: str, customer_id: str) -> list[OccurrenceStory]:
    """Every occurrence of one customer, under whichever profile, oldest first; empty when there never was one."""
    parameters = {"trigger_id": trigger_id, "customer_id": customer_id}
    verdicts: dict[str, list[Verdict]] = {}
    for row in warehouse.rows(DECISIONS.format(schema=schema), parameters):
        verdicts.setdefault(row["occurrence_id"], []).append(_verdict(row))
    return [
        OccurrenceStory(
            occurrence_key=row["occurrence_key"],
            step=row["step"],
            eligible_at=row["eligible_at"],
            expires_at=row["expires_at"],
            cancelled_at=row["cancelled_at"],
            verdicts=tuple(verdicts.get(row["occurrence_id"], ())),
        )
        for row in warehouse.rows(OCCURRENCES.format(schema=schema), parameters)
    ]


def _verdict(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        decided_at=row["decided_at"],
        run_id=row["run_id"],
        verdict=row["verdict"],
        reason=row["reason"],
        description=row["description"] or row["reason"],
        outranked_by=row["outranked_by"],
        cap=row["cap"],
        state=row["state"],
    )
