"""The two hand-over tables as the engine reads them: Arrow batches in, messages and member changes out."""

import json
from collections.abc import Iterator
from typing import Any

from activation.ledger.messages import items_from
from activation.model import Channel, MemberAction, MemberChange, Message, OnUnknown, Purpose
from activation.warehouses import Warehouse

BATCH = 2_000


def read_messages(warehouse: Warehouse, schema: str, run_id: int) -> Iterator[Message]:
    """Every row of `act_messages` up to a run: what is to be sent, and what was withdrawn after it was handed over.

    Where readers see the tables themselves and no published copy, a later run that is not announced may have built them
    meanwhile: what it decided has not passed its gate yet.
    """
    query = f'select * from "{schema}".act_messages where run_id <= $run_id order by message_key'  # noqa: S608 - our own schema
    for batch in warehouse.read(query, {"run_id": run_id}, batch_size=BATCH):
        for row in batch.to_pylist():
            yield _message(row)


def read_member_changes(warehouse: Warehouse, schema: str, audience_id: str, run_id: int) -> Iterator[MemberChange]:
    """The rows of `act_audience_changes` of one audience, up to a run."""
    query = (
        f'select * from "{schema}".act_audience_changes '  # noqa: S608 - our own schema
        "where audience_id = $audience_id and run_id <= $run_id order by change_id"
    )
    for batch in warehouse.read(query, {"audience_id": audience_id, "run_id": run_id}, batch_size=BATCH):
        for row in batch.to_pylist():
            yield _member_change(row)


def _message(row: dict[str, Any]) -> Message:
    return Message(
        message_key=row["message_key"],
        decision_id=row["decision_id"],
        run_id=row["run_id"],
        environment=row["environment"],
        brand=row["brand"],
        trigger_id=row["trigger_id"],
        trigger_version=row["trigger_version"],
        step=row["step"],
        occurrence_ids=tuple(json.loads(row["occurrence_ids"])),
        customer_id=row["customer_id"],
        unit_id=row["unit_id"],
        purpose=Purpose(row["purpose"]),
        channel=Channel(row["channel"]),
        contact_point=row["contact_point"],
        contact_point_id=row["contact_point_id"],
        template=row["template"],
        variant=row["variant"] or "",
        sender=row["sender"],
        locale=row["locale"],
        timezone=row["timezone"],
        priority=row["priority"],
        on_unknown=OnUnknown(row["on_unknown"]),
        mandatory=row["is_mandatory"],
        context=json.loads(row["context"]),
        customer=json.loads(row["customer"]),
        send_not_before=row["send_not_before"],
        send_not_after=row["send_not_after"],
        decided_at=row["decided_at"],
        withdrawn_reason=row["withdrawn_reason"],
        subject=row["subject"],
        offer=row["offer"],
        items=items_from(row["items"]),
    )


def _member_change(row: dict[str, Any]) -> MemberChange:
    return MemberChange(
        change_id=row["change_id"],
        run_id=row["run_id"],
        environment=row["environment"],
        brand=row["brand"],
        audience_id=row["audience_id"],
        destination=row["destination"],
        member_id=row["member_id"],
        identifier=row["identifier"],
        action=MemberAction(row["action"]),
        traits=json.loads(row["traits"]),
        traits_hash=row["traits_hash"],
    )
