"""Members of audiences: what was wanted of a list, and what its destination made of it. Appended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.store import Writing
from activation.model import MemberChange, MemberState

# A change that stands here needs nothing more from us.
HANDED_OVER = frozenset({MemberState.SUBMITTED, MemberState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A state of one member change."""

    change: MemberChange
    state: MemberState
    reason: str = ""
    request_id: str | None = None


def member_states(connection: Connection, change_ids: Sequence[str]) -> dict[str, MemberState]:
    """The newest state of each of these changes that the ledger knows."""
    found: dict[str, MemberState] = {}
    table = tables.audience_members
    for chunk in in_chunks(change_ids, KEYS_PER_STATEMENT):
        rows = select(table.c.change_id, table.c.state).where(table.c.change_id.in_(chunk)).order_by(table.c.sequence)
        found.update({row.change_id: MemberState(row.state) for row in connection.execute(rows)})
    return found


def record_members(writing: Writing, records: Sequence[MemberRecord], now: datetime) -> None:
    """Append states of member changes."""
    rows = [
        {
            "sequence": sequence,
            "change_id": record.change.change_id,
            "run_id": record.change.run_id,
            "audience_id": record.change.audience_id,
            "destination": record.change.destination,
            "member_id": record.change.member_id,
            "identifier": record.change.identifier,
            "action": record.change.action.value,
            "state": record.state.value,
            "reason": record.reason,
            "traits_hash": record.change.traits_hash,
            "request_id": record.request_id,
            "changed_at": now,
        }
        for sequence, record in enumerate(records, start=writing.reserve(len(records)))
    ]
    if rows:
        writing.execute(insert(tables.audience_members), rows)
