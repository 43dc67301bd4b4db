"""Messages as rows, and rows as messages."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select
from sqlalchemy.engine import Row

from activation.ledger import tables
from activation.model import Channel, Item, Message, OnUnknown, Purpose

if TYPE_CHECKING:
    from activation.ledger.store import Ledger

T = TypeVar("T")

# Well below the number of parameters that one SQLite statement takes.
KEYS_PER_STATEMENT = 500


# Made once: `json.dumps` would make one per call, which costs more than the encoding.
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_json(value: object) -> str:
    """JSON as the project writes it: sorted keys, no spaces."""
    return ENCODER.encode(value)


def message_row(message: Message, destination: str) -> dict[str, Any]:
    """The row of `messages` for a message that goes to a destination."""
    return {
        "message_key": message.message_key,
        "decision_id": message.decision_id,
        "run_id": message.run_id,
        "environment": message.environment,
        "brand": message.brand,
        "trigger_id": message.trigger_id,
        "trigger_version": message.trigger_version,
        "step": message.step,
        "occurrence_ids": to_json(list(message.occurrence_ids)),
        "customer_id": message.customer_id,
        "unit_id": message.unit_id,
        "purpose": message.purpose.value,
        "channel": message.channel.value,
        "destination": destination,
        "contact_point": message.contact_point,
        "contact_point_id": message.contact_point_id,
        "template": message.template,
        "variant": message.variant,
        "sender": message.sender,
        "locale": message.locale,
        "timezone": message.timezone,
        "priority": message.priority,
        "on_unknown": message.on_unknown.value,
        "mandatory": message.mandatory,
        "context": to_json(dict(message.context)),
        "customer": to_json(dict(message.customer)),
        "send_not_before": message.send_not_before,
        "send_not_after": message.send_not_after,
        "decided_at": message.decided_at,
        "subject": message.subject,
        "offer": message.offer,
        "items": to_json([{"trigger": item.trigger_id, "context": dict(item.context)} for item in message.items])
        if message.items
        else None,
    }


def message_from(row: Row[Any]) -> Message:
    """The message that a row of `messages` describes."""
    return Message(
        message_key=row.message_key,
        decision_id=row.decision_id,
        run_id=row.run_id,
        environment=row.environment,
        brand=row.brand,
        trigger_id=row.trigger_id,
        trigger_version=row.trigger_version,
        step=row.step,
        occurrence_ids=tuple(json.loads(row.occurrence_ids)),
        customer_id=row.customer_id,
        unit_id=row.unit_id,
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        contact_point=row.contact_point,
        contact_point_id=row.contact_point_id,
        template=row.template,
        variant=row.variant,
        sender=row.sender,
        locale=row.locale,
        timezone=row.timezone,
        priority=row.priority,
        on_unknown=OnUnknown(row.on_unknown),
        mandatory=row.mandatory,
        context=json.loads(row.context),
        customer=json.loads(row.customer),
        send_not_before=row.send_not_before,
        send_not_after=row.send_not_after,
        decided_at=row.decided_at,
        subject=row.subject,
        offer=row.offer,
        items=items_from(row.items),
    )


def items_from(text: str | None) -> tuple[Item, ...]:
    """What a digest carries, from its JSON; nothing where a message is none."""
    return tuple(Item(item["trigger"], item["context"]) for item in json.loads(text or "[]"))


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def find_message(ledger: "Ledger", message_key: str) -> Message | None:
    """The message of this key; None when the ledger does not know it."""
    with ledger.read() as connection:
        row = connection.execute(select(tables.messages).where(tables.messages.c.message_key == message_key)).first()
    return None if row is None else message_from(row)
