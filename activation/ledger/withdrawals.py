"""Withdrawals: decisions whose reason went away after they were taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.store import Writing


def withdrawn(connection: Connection, keys: Sequence[str]) -> Mapping[tuple[str, str], str]:
    """The reasons of withdrawn decisions, by message key and decision."""
    found: dict[tuple[str, str], str] = {}
    for chunk in in_chunks(keys, KEYS_PER_STATEMENT):
        rows = select(tables.withdrawals).where(tables.withdrawals.c.message_key.in_(chunk))
        found.update({(row.message_key, row.decision_id): row.reason for row in connection.execute(rows)})
    return found


def withdraw(writing: Writing, decisions: Mapping[tuple[str, str], str], now: datetime) -> int:
    """Record withdrawn decisions, by message key and decision; returns how many are new."""
    known = withdrawn(writing.connection, sorted({key for key, _ in decisions}))
    rows = [
        {"message_key": key, "decision_id": decision_id, "reason": reason, "recorded_at": now}
        for (key, decision_id), reason in decisions.items()
        if (key, decision_id) not in known
    ]
    if rows:
        writing.execute(insert(tables.withdrawals), rows)
    return len(rows)
