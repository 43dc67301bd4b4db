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
    """One accepted message: to whom, for which trigger, when (UTC)."""

    customer_id: str
    trigger_id: str
    purpose: Purpose
    accepted_at: datetime


def accepted_since(ledger: Ledger, since: datetime) -> Iterator[Accepted]:
    """The messages accepted at `since` or later, in the order in which they were recorded."""
    messages, outcomes = tables.messages.c, tables.outcomes.c
    query = (
        select(messages.customer_id, messages.trigger_id, messages.purpose, outcomes.changed_at)
        .join_from(tables.outcomes, tables.messages, outcomes.message_key == messages.message_key)
        .where(outcomes.state == State.ACCEPTED.value, outcomes.changed_at >= since)
        .order_by(outcomes.sequence)
    )
    with ledger.read() as connection:
        for row in connection.execute(query):
            yield Accepted(row.customer_id, row.trigger_id, Purpose(row.purpose), row.changed_at)
