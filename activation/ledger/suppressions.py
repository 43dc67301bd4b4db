"""Suppressions: contact points that must not be written to. Appended; lifting appends too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from activation.ledger import tables
from activation.ledger.messages import KEYS_PER_STATEMENT, in_chunks
from activation.ledger.store import Ledger
from activation.model import Channel, Message, Purpose

EVERY = "all"


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is suppressed: `all` stands for every channel, brand or purpose."""

    contact_point: str
    channel: str
    brand: str
    purpose: str = EVERY
    reason: str = ""
    source: str = ""

    def covers(self, message: Message) -> bool:
        return (
            self.contact_point == message.contact_point
            and self.channel in (EVERY, message.channel.value)
            and self.brand in (EVERY, message.brand)
            and (self.purpose == EVERY or message.purpose is Purpose.MARKETING)
        )


def suppress(ledger: Ledger, suppressions: Iterable[Suppression]) -> int:
    """Suppress contact points from now on; returns how many were not suppressed yet."""
    return _append(ledger, suppressions, is_lifted=False)


def lift(ledger: Ledger, suppressions: Iterable[Suppression]) -> int:
    """Lift suppressions; returns how many were in force."""
    return _append(ledger, suppressions, is_lifted=True)


def in_force(connection: Connection, contact_points: Sequence[str]) -> list[Suppression]:
    """The suppressions of these contact points."""
    newest: dict[tuple[str, str, str, str], tuple[bool, Suppression]] = {}
    table = tables.suppressions
    for chunk in in_chunks(contact_points, KEYS_PER_STATEMENT):
        rows = select(table).where(table.c.contact_point.in_(chunk)).order_by(table.c.sequence)
        for row in connection.execute(rows):
            found = Suppression(row.contact_point, row.channel, row.brand, row.purpose, row.reason, row.source)
            newest[_identity(found)] = (row.is_lifted, found)
    return [found for is_lifted, found in newest.values() if not is_lifted]


def normalised(contact_point: str, channel: str) -> str:
    """A contact point as the keys spell it."""
    stripped = contact_point.strip()
    return stripped.lower() if channel in (EVERY, Channel.EMAIL.value) else stripped


def _append(ledger: Ledger, suppressions: Iterable[Suppression], is_lifted: bool) -> int:
    now = ledger.clock.now()
    wanted = {_identity(item): item for item in map(_normal, suppressions)}
    with ledger.write() as writing:
        present = in_force(writing.connection, sorted({item.contact_point for item in wanted.values()}))
        active = {_identity(item) for item in present}
        fresh = [item for identity, item in wanted.items() if (identity in active) is is_lifted]
        first = writing.reserve(len(fresh))
        rows = [
            {
                "sequence": sequence,
                "contact_point": item.contact_point,
                "channel": item.channel,
                "brand": item.brand,
                "purpose": item.purpose,
                "reason": item.reason,
                "source": item.source,
                "is_lifted": is_lifted,
                "changed_at": now,
            }
            for sequence, item in enumerate(fresh, start=first)
        ]
        if rows:
            writing.execute(insert(tables.suppressions), rows)
    return len(rows)


def _normal(item: Suppression) -> Suppression:
    point = normalised(item.contact_point, item.channel)
    return Suppression(point, item.channel, item.brand, item.purpose, item.reason, item.source)


def _identity(item: Suppression) -> tuple[str, str, str, str]:
    return item.contact_point, item.channel, item.brand, item.purpose
