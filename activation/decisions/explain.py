"""One customer's story with one trigger: every occurrence, every verdict on it with its reason, and what was sent."""

# ruff: noqa: S608 - the schema is a name of ours, values are bound

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from activation.ledger.approvals import Approval
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

# An absorbed profile has no place of its own: the person's is that of whoever is left.
PLACE = f"""
select places.day_zone, places.timezone is not null as is_timezone_known
from "{{schema}}".int_customer_places as places
left join "{{schema}}".int_customer_merges as merges on merges.absorbed_customer_id = places.customer_id
where places.customer_id in {PROFILES}
order by case when merges.customer_id is null then 0 else 1 end, places.customer_id
limit 1
"""

OCCURRENCES = f"""
select occurrence_id, occurrence_key, series_key, step, eligible_at, expires_at, cancelled_at
from "{{schema}}".act_occurrences
where trigger_id = $trigger_id and customer_id in {PROFILES}
order by eligible_at, occurrence_id
"""

DECISIONS = f"""
with decisions as (
    select
        *, coalesce(leg, '') as decided_leg, coalesce(carrier_decision_id, decision_id) as message_decision_id,
        row_number() over (
            partition by occurrence_id, coalesce(leg, '') order by decided_at desc, run_id desc
        ) as recency
    from "{{schema}}".act_decisions
    where trigger_id = $trigger_id and customer_id in {PROFILES}
),
riders as (
    select carrier_decision_id, count(*) as occurrences
    from "{{schema}}".act_decisions
    where customer_id in {PROFILES} and carrier_decision_id <> decision_id
    group by carrier_decision_id
)
select
    decisions.occurrence_id, decisions.decided_leg as leg, decisions.decided_at, decisions.run_id, decisions.verdict,
    decisions.reason, decisions.channel, decisions.variant, decisions.send_not_after, decisions.plan_digest,
    decisions.cap, decisions.outranked_by_occurrence_id, winners.occurrence_key as outranked_by_key,
    coalesce(decisions.outranked_by_trigger_id, winners.trigger_id) as outranked_by,
    decisions.recency = 1 and not decisions.is_final and decisions.verdict <> 'send' as is_open,
    assignments.experiment_id, assignments.arm, assignments.variant as drawn_variant, assignments.assigned_at,
    decisions.digest, carriers.trigger_id as carried_by, carried.occurrence_key as carried_by_key,
    coalesce(riders.occurrences, 0) as carries,
    reasons.description, deliveries.message_key, deliveries.state, deliveries.reason as state_reason,
    deliveries.changed_at as state_since,
    case when decisions.recency = 1 then sends.outcome end as outcome,
    case when decisions.recency = 1 then waits.waits_until end as waits_until,
    decisions.recency = 1 and waits.occurrence_id is not null as waits_for_time
from decisions
left join "{{schema}}".act_reasons as reasons on reasons.reason = decisions.reason
left join "{{schema}}".act_occurrences as winners on winners.occurrence_id = decisions.outranked_by_occurrence_id
left join "{{schema}}".act_assignments as assignments on assignments.assignment_id = decisions.assignment_id
left join "{{schema}}".act_deliveries as deliveries on deliveries.decision_id = decisions.message_decision_id
left join "{{schema}}".act_sends as sends on sends.decision_id = decisions.decision_id
left join riders on riders.carrier_decision_id = decisions.decision_id
left join "{{schema}}".act_decisions as carriers
    on carriers.decision_id = decisions.carrier_decision_id and carriers.decision_id <> decisions.decision_id
left join "{{schema}}".act_occurrences as carried on carried.occurrence_id = carriers.occurrence_id
left join "{{schema}}".act_waits as waits
    on waits.occurrence_id = decisions.occurrence_id
        and waits.leg = decisions.decided_leg
        and waits.reason = decisions.reason
order by decisions.decided_at, decisions.run_id, decisions.decided_leg
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan under which a human was asked; without an answer it waits for one."""

    plan_digest: str
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draw:
    """The assignment that applied."""

    experiment_id: str
    arm: str
    variant: str | None
    assigned_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What became of the message of a send; `outcome` says it where the ledger's copy shows none.

    With a digest it may be that of another occurrence: `carried_by` and `carried_by_key` name whose, or are None, and
    `carries` counts the other occurrences in it.
    """

    message_key: str | None
    state: str | None
    reason: str | None
    since: datetime | None
    outcome: str | None
    digest: str | None
    carried_by: str | None
    carried_by_key: str | None
    carries: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict, in the words of `act_reasons`; `state` is what became of its message, if there was one.

    `leg` is the channel it is about where each channel is decided for itself. `is_open` says that it stands and is
    tried again; `waits_for_time` that only the hours keep it, until `waits_until` or, where that is None, for longer
    than they are looked at.
    """

    decided_at: datetime
    run_id: int
    leg: str
    verdict: str
    reason: str
    description: str
    channel: str | None
    outranked_by: str | None
    outranked_by_key: str | None
    outranked_by_occurrence_id: str | None
    cap: str | None
    is_open: bool
    waits_for_time: bool
    waits_until: datetime | None
    send_not_after: datetime | None
    variant: str | None
    draw: Draw | None
    plan: Plan | None
    message: Message | None
    state: str | None


@dataclass(frozen=True, slots=True)
class OccurrenceStory:
    """One occurrence and its verdicts, oldest first; each stands until the next of its leg. Times are UTC.

    `timezone` is the customer's, or the one by which their days are counted where none is known.
    """

    occurrence_id: str
    occurrence_key: str
    series_key: str | None
    step: int
    eligible_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None
    timezone: str
    is_timezone_known: bool
    verdicts: tuple[Verdict, ...]


def explain(
    warehouse: Warehouse,
    schema: str,
    trigger_id: str,
    customer_id: str,
    answers: Mapping[str, Approval] = MappingProxyType({}),
) -> list[OccurrenceStory]:
    """Every occurrence of one customer, under whichever profile, oldest first; empty when there never was one.

    `answers` are the newest ones to the trigger's plans, by digest.
    """
    parameters = {"trigger_id": trigger_id, "customer_id": customer_id}
    verdicts: dict[str, list[Verdict]] = {}
    for row in warehouse.rows(DECISIONS.format(schema=schema), parameters):
        verdicts.setdefault(row["occurrence_id"], []).append(_verdict(row, answers))
    places = warehouse.rows(PLACE.format(schema=schema), {"customer_id": customer_id})
    place: Mapping[str, Any] = places[0] if places else {"day_zone": "UTC", "is_timezone_known": False}
    return [
        OccurrenceStory(
            **row,
            timezone=place["day_zone"],
            is_timezone_known=place["is_timezone_known"],
            verdicts=tuple(verdicts.get(row["occurrence_id"], ())),
        )
        for row in warehouse.rows(OCCURRENCES.format(schema=schema), parameters)
    ]


def _verdict(row: Mapping[str, Any], answers: Mapping[str, Approval]) -> Verdict:
    return Verdict(
        decided_at=row["decided_at"],
        run_id=row["run_id"],
        leg=row["leg"],
        verdict=row["verdict"],
        reason=row["reason"],
        description=row["description"] or row["reason"],
        channel=row["channel"],
        outranked_by=row["outranked_by"],
        outranked_by_key=row["outranked_by_key"],
        outranked_by_occurrence_id=row["outranked_by_occurrence_id"],
        cap=row["cap"],
        is_open=row["is_open"],
        waits_for_time=row["waits_for_time"],
        waits_until=row["waits_until"],
        send_not_after=row["send_not_after"],
        variant=row["variant"],
        draw=_draw(row),
        plan=_plan(row["plan_digest"], answers),
        message=_message(row) if row["verdict"] == "send" else None,
        state=row["state"],
    )


def _draw(row: Mapping[str, Any]) -> Draw | None:
    if row["experiment_id"] is None:
        return None
    return Draw(row["experiment_id"], row["arm"], row["drawn_variant"], row["assigned_at"])


def _plan(plan_digest: str | None, answers: Mapping[str, Approval]) -> Plan | None:
    if plan_digest is None:
        return None
    found = answers.get(plan_digest)
    if found is None:
        return Plan(plan_digest)
    return Plan(plan_digest, found.verdict.value, found.decided_by, found.decided_at, found.note)


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        message_key=row["message_key"],
        state=row["state"],
        reason=row["state_reason"],
        since=row["state_since"],
        outcome=row["outcome"],
        digest=row["digest"],
        carried_by=row["carried_by"],
        carried_by_key=row["carried_by_key"],
        carries=row["carries"],
    )
