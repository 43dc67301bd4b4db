"""Renderings: the bytes of a message and the batch it went in, kept until its outcome is final."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks, to_json
from activation.ledger.store import Ledger, Writing
from activation.model import Channel, Purpose, Rendered, Sender

FIELDS = fields(Rendered)
SENDER_FIELDS = fields(Sender)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept rendering."""

    rendered: Rendered
    batch_id: int
    batch_size: int
    position: int
    kept_at: datetime


def keep(writing: Writing, batches: Sequence[Sequence[Rendered]], kept_at: datetime) -> None:
    """Keep the bytes of batches that are about to be called, in place of any older bytes of the same messages."""
    rows: list[dict[str, Any]] = []
    for batch in batches:
        batch_id = writing.reserve()
        for position, rendered in enumerate(batch):
            rows.append(
                {
                    "message_key": rendered.message_key,
                    "batch_id": batch_id,
                    "batch_size": len(batch),
                    "position": position,
                    "kept_at": kept_at,
                    "content": _content(rendered),
                }
            )
    drop(writing, [row["message_key"] for row in rows])
    if rows:
        writing.execute(insert(tables.renderings), rows)


def drop(writing: Writing, keys: Sequence[str]) -> None:
    """Forget the kept bytes of these messages."""
    for chunk in in_chunks(keys, KEYS_PER_STATEMENT):
        writing.execute(delete(tables.renderings).where(tables.renderings.c.message_key.in_(chunk)))


def kept(ledger: Ledger, keys: Sequence[str]) -> dict[str, Kept]:
    """The kept bytes of these messages, as far as there are any."""
    found: dict[str, Kept] = {}
    if not keys:
        return found
    with ledger.read() as connection:
        for chunk in in_chunks(keys, KEYS_PER_STATEMENT):
            rows = select(tables.renderings).where(tables.renderings.c.message_key.in_(chunk))
            for row in connection.execute(rows):
                rendered = _rendered(row.content)
                found[row.message_key] = Kept(rendered, row.batch_id, row.batch_size, row.position, row.kept_at)
    return found


def _content(rendered: Rendered) -> str:
    # By hand: `asdict` copies deeply and costs ten times as much.
    values = {field.name: getattr(rendered, field.name) for field in FIELDS}
    values["parts"] = dict(rendered.parts)
    values["sender"] = {field.name: getattr(rendered.sender, field.name) for field in SENDER_FIELDS}
    values["sent_at"] = rendered.sent_at.isoformat() if rendered.sent_at else None
    return to_json(values)


def _rendered(content: str) -> Rendered:
    values = json.loads(content)
    values["channel"] = Channel(values["channel"])
    values["purpose"] = Purpose(values["purpose"])
    values["sender"] = Sender(**values["sender"])
    values["sent_at"] = datetime.fromisoformat(values["sent_at"]) if values["sent_at"] else None
    return Rendered(**values)
