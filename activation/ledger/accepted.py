"""What destinations accepted, for those who want to know what reached people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from activation.ledger import tables
from activation.ledger.store import Ledger
from activation.model import Purpose, State


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted message: its key, to whom, for which trigger, over which channel, when (UTC)."""

    message_key: str
    customer_id: str
    trigger_id: str
    purpose: Purpose
    channel: str
    accepted_at: datetime


def accepted_since(ledger: Ledger, since: datetime) -> Iterator[Accepted]:
    """The messages accepted at `since` or later, in the order in which they were recorded."""
    messages, outcomes = tables.messages.c, tables.outcomes.c
    query = (
        select(
            outcomes.message_key,
            messages.customer_id,
            messages.trigger_id,
            messages.purpose,
            messages.channel,
            outcomes.changed_at,
        )
        .join_from(tables.outcomes, tables.messages, outcomes.message_key == messages.message_key)
        .where(outcomes.state == State.ACCEPTED.value, outcomes.changed_at >= since)
        .order_by(outcomes.sequence)
    )
    with ledger.read() as connection:
        for row in connection.execute(query):
            purpose = Purpose(row.purpose)
            yield Accepted(row.message_key, row.customer_id, row.trigger_id, purpose, row.channel, row.changed_at)
